/* SPDX-License-Identifier: ISC */
/*
 * Which processes live, what is known of them, and whether they can be taken
 * over.  Changes nothing before that is certain, except that a supervisor
 * without a keeper is ended.
 */
#include "service/adoption.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/paths.h"
#include "base/proc.h"
#include "core/held.h"
#include "core/life.h"
#include "core/mark.h"
#include "core/service.h"
#include "keep/copy.h"
#include "keep/store.h"
#include "process/survivors.h"
#include "service/heritage.h"
#include "service/recovery.h"

#define ASK_S	1    /* seconds for a supervisor's answer */
#define WAIT_MS 5000 /* for the end of a killed process, and for its lock */

struct adoption {
	struct service *service;
	struct copy *copy;
	json_t *document; /* NULL: none */
	struct survivor *survivors;
	size_t nsurvivors;
	char *why;
	size_t size;
};

/* WHICH PROCESSES LIVE */

static pid_t
living(const json_t *process)
{
	return life_pid(process, "pid");
}

static const json_t *
described(const struct adoption *a, const char *key)
{
	return json_object_get(json_object_get(a->document, "life"), key);
}

/* Read the copy; one of another boot or PID namespace is ignored. */
static void
load(struct adoption *a)
{
	char host[LIFE_HOST];
	const char *written;

	json_decref(a->document);
	a->document = copy_load(a->copy, a->why, a->size);
	written = json_string_value(described(a, "host"));
	life_put_host(host);
	if (a->document == NULL ||
	    (written != NULL && strcmp(written, host) == 0))
		return;
	json_decref(a->document);
	a->document = NULL;
	a->why[0] = '\0';
}

/* TAKING OVER FROM A SUPERVISOR WHOSE KEEPER IS DEAD */

/*
 * A command that checks if the name is taken holds a shared lock for a moment,
 * cli/absence.c: that lock is no supervisor's.
 */
static bool
try_lock(int lock)
{
	int64_t end = clock_ms() + WAIT_MS;

	while (flock(lock, LOCK_EX | LOCK_NB) == -1) {
		if (flock(lock, LOCK_SH | LOCK_NB) == -1 || clock_ms() >= end)
			return false;
		flock(lock, LOCK_UN);
		poll(NULL, 0, 1);
	}
	return true;
}

static void
wait_until_stopped(pid_t pid)
{
	int64_t end = clock_ms() + WAIT_MS;

	while (strchr("Tt", proc_state(pid)) == NULL && clock_ms() < end)
		poll(NULL, 0, 1);
}

static int
connect_control(const char *name)
{
	const struct timeval patience = { .tv_sec = ASK_S };
	int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char path[PATH_MAX];

	if (sock == -1)
		return -1;
	setsockopt(sock, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(sock, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (paths_control(name, path) == -1 || paths_connect(sock, path) == -1)
		fd_close(&sock);
	return sock;
}

/*
 * With Yama, a process may inspect another that is not its descendant only if
 * that one names it, prctl(2).  If the supervisor does not answer, this process
 * tries all the same.
 */
static void
ask_to_be_let_in(const struct adoption *a)
{
	static const char call[] =
	    "{\"method\":\"org.hotswap.Supervisor.TakeOver\"}";
	int sock = connect_control(a->service->options->name);
	char reply;

	/* With the NUL that ends a message. */
	if (sock != -1 && fd_send(sock, call, sizeof(call), NULL, 0) != -1)
		while (recv(sock, &reply, 1, 0) == 1 && reply != '\0')
			continue;
	fd_close(&sock);
}

/*
 * Stop the supervisor, take its descriptors, and kill it.  The stop keeps the
 * copy and the descriptors from changing.
 */
static void
seize(struct adoption *a, pid_t pid, int pidfd)
{
	struct pollfd ended = { pidfd, POLLIN, 0 };

	ask_to_be_let_in(a);
	pidfd_send_signal(pidfd, SIGSTOP, NULL, 0);
	wait_until_stopped(pid);
	load(a);
	if (a->document != NULL)
		heritage_take_held(a->service, a->document, pid);
	pidfd_send_signal(pidfd, SIGKILL, NULL, 0);
	poll(&ended, 1, WAIT_MS);
}

/* Take over from the supervisor that the document names, if it lives. */
static void
take_over(struct adoption *a)
{
	pid_t pid = living(described(a, "supervisor"));
	int pidfd;

	if (pid == 0 || (pidfd = pidfd_open(pid, 0)) == -1)
		return;
	/* The PID still means the same process, now that pidfd is open. */
	if (living(described(a, "supervisor")) == pid) {
		log_info(
		    "taking over from process %d, whose keeper is dead", pid);
		seize(a, pid, pidfd);
	}
	fd_close(&pidfd);
}

static bool
is_ending(int pid)
{
	struct proc_stat stat;

	return proc_stat(pid, &stat) == -1 || stat.dead || stat.exiting;
}

/*
 * Keeper and supervisor, whose PIDs the lock's file has, were killed: a process
 * keeps its lock until the kernel has closed what it had open before.
 */
static bool
holders_are_ending(const char *name, int lock)
{
	char text[32] = "";
	int keeper = 0, supervisor = 0, sock;

	if (pread(lock, text, sizeof(text) - 1, 0) < 1 ||
	    sscanf(text, "%d %d", &keeper, &supervisor) != 2) {
		/*
		 * A full file system has no room for them.  Whether who has the
		 * lock is ending, only time can tell then.
		 */
		sock = connect_control(name);
		return sock == -1 || (fd_close(&sock), false);
	}
	return is_ending(keeper) && is_ending(supervisor);
}

/*
 * Take the lock.  Another process may have it: that of a supervisor without a
 * keeper is taken over; one that is ending, or starting while its keeper dies,
 * is waited for.
 */
static int
take_lock(struct adoption *a, int lock)
{
	int64_t end = clock_ms() + WAIT_MS;

	while (!try_lock(lock)) {
		if (clock_ms() >= end)
			return -1;
		if (described(a, "keeper") != NULL
			? living(described(a, "keeper")) != 0
			: !holders_are_ending(a->service->options->name, lock))
			return -1;
		take_over(a);
		poll(NULL, 0, 5);
		load(a);
	}
	return 0;
}

/* THE DECISION */

static int __attribute__((format(printf, 2, 3)))
adoption_refuse(const struct adoption *a, const char *fmt, ...)
{
	char what[512], pids[128] = "";
	size_t i, used = 0;
	va_list args;

	va_start(args, fmt);
	vsnprintf(what, sizeof(what), fmt, args);
	va_end(args);
	for (i = 0; i < a->nsurvivors && used < sizeof(pids) - 16; i++)
		used += (size_t)snprintf(pids + used, sizeof(pids) - used,
		    " %d", a->survivors[i].pid);
	snprintf(a->why, a->size,
	    "processes of \"%s\" run that nobody supervises, and they cannot "
	    "be taken over: %s; they are left as they are; end them (`kill%s`) "
	    "and start again, or use another --name",
	    a->service->options->name, what, pids);
	return -1;
}

/* The document's program of that generation; NULL: none. */
static json_t *
find_program(const struct adoption *a, unsigned int generation)
{
	json_t *saved;
	size_t i;

	json_array_foreach (
	    json_object_get(a->document, "generations"), i, saved)
		if (json_integer_value(json_object_get(saved, "number")) ==
		    generation)
			return json_object_get(saved, "program");
	return NULL;
}

/*
 * Each survivor must be of a generation that runs by the document.  If no main
 * process is recorded, because the supervisor died just after the start, the
 * oldest survivor is the main process.
 */
static int
match_survivors(struct adoption *a)
{
	const struct survivor *s = a->survivors;
	json_t *program;

	for (; s < a->survivors + a->nsurvivors; s++) {
		program = find_program(a, s->generation);
		if (program == NULL)
			return adoption_refuse(a,
			    "process %d belongs to generation %u, which the "
			    "saved checkpoint does not have",
			    s->pid, s->generation);
		if (json_integer_value(json_object_get(program, "main")) != 0)
			continue;
		json_object_set_new(program, "main", json_integer(s->pid));
		json_object_set_new(
		    program, "start", json_integer((json_int_t)s->start));
	}
	return 0;
}

/* Counts also a program that has overwritten its environment. */
static size_t
count_living(const struct adoption *a)
{
	const json_t *program, *saved;
	size_t i, n = 0;

	json_array_foreach (
	    json_object_get(a->document, "generations"), i, saved) {
		program = json_object_get(saved, "program");
		n += life_pid(program, "main") != 0;
	}
	return n + a->nsurvivors;
}

static int
adopt(struct adoption *a)
{
	struct service *service = a->service;
	char why[256];
	size_t n = count_living(a);

	if (n == 0) {
		log_info("nothing is left of an earlier run of the service: "
			 "this is a first start");
		copy_remove(a->copy);
		return 0;
	}
	if (match_survivors(a) == -1)
		return -1;
	if (heritage_take_sockets(service, a->document, a->survivors,
		a->nsurvivors, why, sizeof(why)) == -1)
		return adoption_refuse(a, "%s", why);
	heritage_renew(service, a->document, recovery_command(service));
	recovery_adopt(service, a->document, a->copy->files.sequence);
	a->document = NULL;
	return 0;
}

static int
decide(struct adoption *a)
{
	const char *name = a->service->options->name;
	struct origin origin;

	mark_of_life(a->service, a->document, &origin);
	a->survivors =
	    survivors_find(name, a->service->runtime, &origin, &a->nsurvivors);
	if (a->survivors == NULL) {
		snprintf(a->why, a->size, "/proc: %s", strerror(errno));
		return -1;
	}
	if (a->document != NULL)
		return adopt(a);
	if (a->nsurvivors > 0)
		return adoption_refuse(a, "%s",
		    a->why[0] != '\0' ? a->why
				      : "there is no checkpoint of what runs");
	if (a->why[0] != '\0')
		log_warn(
		    "the checkpoint of what ran cannot be used: %s", a->why);
	copy_remove(a->copy);
	return 0;
}

int
adoption_begin(struct service *service, int lock, char *why, size_t size)
{
	struct adoption a = { .service = service,
		.copy = recovery_copy(service),
		.why = why,
		.size = size };
	const char *name = service->options->name;
	int result = -1;

	load(&a);
	if (take_lock(&a, lock) == -1)
		snprintf(why, size,
		    "the name is taken: a supervisor of \"%s\" runs already; "
		    "`hotswap upgrade %s` replaces its program, --name gives "
		    "this one another name",
		    name, name);
	else {
		/* The supervisor may have written the copy again meanwhile. */
		load(&a);
		result = decide(&a);
	}
	json_decref(a.document);
	free(a.survivors);
	return result;
}
