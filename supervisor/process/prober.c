/* SPDX-License-Identifier: ISC */
/*
 * The supervisor's side of the prober.  What the prober says is not believed to
 * come in time, or at all.
 */
#include "process/prober.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "process/account.h"
#include "process/lines.h"
#include "process/parts.h"

#define SERVE	   "--serve"
#define KEEP_MS	   15000 /* longer than between two checks in general */
#define CHECKS_MAX 256	 /* then it gets other addresses and libraries */
#define ANSWER_MS  1000	 /* for the answer to `cancel` */
#define ANSWER_MAX 4096
#define WORD	   32

struct prober_check {
	unsigned long id;
	unsigned long prober; /* who makes it, by number */
	bool late;	      /* it has been cancelled after its time */
	struct event *deadline;
	command_done *done;
	void *arg;
	LIST_ENTRY(prober_check) entry;
};

static LIST_HEAD(, prober_check) checks = LIST_HEAD_INITIALIZER(checks);

/* The one that runs; command is NULL if none does. */
static struct {
	struct command *command;
	unsigned long number;
	int sock;
	struct event *readable;
	struct event *idle;
	unsigned int made; /* checks */
	bool spent;	   /* no more checks after those under way */
} prober = { .sock = -1 };

static unsigned long last_id;

static void
let_go(void)
{
	if (prober.readable != NULL)
		event_free(prober.readable);
	if (prober.idle != NULL)
		event_free(prober.idle);
	prober.readable = prober.idle = NULL;
	fd_close(&prober.sock);
	prober.command = NULL;
}

void
prober_stop(void)
{
	if (prober.command != NULL)
		command_cancel(prober.command);
	let_go();
}

static void
on_idle(evutil_socket_t fd, short what, void *arg)
{
	prober_stop();
}

static void
check_free(struct prober_check *check)
{
	LIST_REMOVE(check, entry);
	if (check->deadline != NULL)
		event_free(check->deadline);
	free(check);
}

/* After the last check. */
static void
rest(void)
{
	const struct timeval keep = clock_interval(KEEP_MS);

	if (prober.command == NULL || !LIST_EMPTY(&checks))
		return;
	if (prober.spent || prober.made >= CHECKS_MAX ||
	    evtimer_add(prober.idle, &keep) == -1)
		prober_stop();
}

static void
finish(struct prober_check *check, const struct command_result *result)
{
	command_done *done = check->done;
	void *arg = check->arg;

	check_free(check);
	done(result, arg);
}

/* done may cancel other checks, and ask for new ones, of another prober. */
static void
fail_all(unsigned long number, const struct command_result *result,
    const struct prober_check *late)
{
	struct command_result own = *result;
	struct prober_check *check;

	for (;;) {
		LIST_FOREACH (check, &checks, entry)
			if (check->prober == number)
				break;
		if (check == NULL)
			return;
		own.timed_out = check == late;
		finish(check, &own);
	}
}

static void
on_end(const struct command_result *result, void *arg)
{
	unsigned long number = prober.number;
	struct command_result copy = *result;

	/* Checks were under way: an end that is no failure is none, too. */
	if (copy.status == 0)
		copy.status = W_EXITCODE(1, 0);
	let_go();
	fail_all(number, &copy, NULL);
}

/* ANSWERS */

static struct prober_check *
find(unsigned long id)
{
	struct prober_check *check;

	LIST_FOREACH (check, &checks, entry)
		if (check->id == id)
			return check;
	return NULL;
}

/* An answer to nobody came too late. */
static void
take_answer(const char *text)
{
	struct command_result result = { .failed = NULL };
	struct prober_check *check;
	struct lines lines;
	unsigned long id;
	int output = 0;

	if (sscanf(text, "%lu %d %n", &id, &result.status, &output) != 2 ||
	    (check = find(id)) == NULL)
		return;
	result.timed_out = check->late && WIFSIGNALED(result.status);
	/* A peer that brings a child down shall not get to know the next. */
	if (WIFSIGNALED(result.status) && !check->late)
		prober.spent = true;
	lines_init(&lines, NULL, NULL);
	lines_feed(&lines, text + output, strlen(text + output));
	lines_end(&lines);
	result.last_line = lines_last(&lines);
	finish(check, &result);
	rest();
}

/* At its end, on_end is called as well. */
static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	char text[ANSWER_MAX + 1];
	ssize_t n = recv(fd, text, ANSWER_MAX, MSG_DONTWAIT);

	if (n > 0) {
		text[n] = '\0';
		take_answer(text);
	} else if (n == 0) {
		event_del(prober.readable);
	}
}

/* REQUESTS */

/* Returns 0; -1 with errno. */
static int
send_cancel(const struct prober_check *check)
{
	char text[WORD];
	int n = snprintf(text, sizeof(text), "cancel %lu", check->id);

	if (prober.command == NULL || check->prober != prober.number)
		return 0;
	return send(prober.sock, text, (size_t)n + 1,
		   MSG_DONTWAIT | MSG_NOSIGNAL) == -1
	    ? -1
	    : 0;
}

/* A prober that does not even answer `cancel` is ended. */
static void
on_deadline(evutil_socket_t fd, short what, void *arg)
{
	const struct command_result killed = { .status = SIGKILL,
		.last_line = "" };
	const struct timeval patience = clock_interval(ANSWER_MS);
	struct prober_check *check = arg;
	unsigned long number = check->prober;

	if (!check->late) {
		check->late = true;
		if (send_cancel(check) == 0 &&
		    evtimer_add(check->deadline, &patience) == 0)
			return;
	}
	prober_stop();
	fail_all(number, &killed, check);
}

static void
write_rights(FILE *out, const struct account *account)
{
	size_t i;

	if (account == NULL || !account->change)
		return;
	fprintf(out, "%u %u", account->uid, account->gid);
	for (i = 0; i < account->ngroups; i++)
		fprintf(out, " %u", account->groups[i]);
}

static int
send_request(const struct prober_check *check, const struct command_spec *spec)
{
	char *text = NULL;
	size_t len, i;
	FILE *out = open_memstream(&text, &len);
	bool sent = false;

	if (out == NULL)
		return -1;
	fprintf(out, "check %lu%c", check->id, '\0');
	write_rights(out, spec->account);
	fputc('\0', out);
	for (i = 0; spec->argv[i] != NULL; i++)
		fprintf(out, "%s%c", spec->argv[i], '\0');
	if (fclose(out) != EOF)
		sent = fd_send(prober.sock, text, len, &spec->directory_fd,
			   spec->directory_fd != -1) != -1;
	free(text);
	return sent ? 0 : -1;
}

/*
 * Its environment is empty: it may make checks with the rights of a user from
 * whom ours is to be kept.
 */
static int
start(struct event_base *base)
{
	static char *none[] = { NULL };
	const char *const argv[] = { parts_path(PART_PROBER), SERVE, NULL };
	struct command_spec spec = { .argv = argv,
		.env = none,
		.directory_fd = -1,
		.directory = "/",
		.umask = -1,
		.no_new_privs = true,
		.keep_capabilities = true };
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == -1)
		return -1;
	spec.input = ends[1];
	prober.sock = ends[0];
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	prober.made = 0;
	prober.spent = false;
	prober.number++;
	prober.readable =
	    event_new(base, ends[0], EV_READ | EV_PERSIST, on_readable, NULL);
	prober.idle = evtimer_new(base, on_idle, NULL);
	if (prober.readable != NULL && prober.idle != NULL &&

	    event_add(prober.readable, NULL) == 0)
		prober.command = command_start(base, &spec, on_end, NULL);
	fd_close(&ends[1]);
	if (prober.command != NULL)
		return 0;
	let_go();
	return -1;
}

struct prober_check *
prober_ask(struct event_base *base, const struct command_spec *spec,
    command_done *done, void *arg)
{
	const struct timeval timeout = clock_interval(spec->timeout_ms);
	struct prober_check *check;

	if (prober.command == NULL && start(base) == -1)
		return NULL;
	if ((check = calloc(1, sizeof(*check))) == NULL)
		return NULL;
	LIST_INSERT_HEAD(&checks, check, entry);
	check->id = ++last_id;
	check->prober = prober.number;
	check->done = done;
	check->arg = arg;
	check->deadline = evtimer_new(base, on_deadline, check);
	if (check->deadline != NULL &&
	    evtimer_add(check->deadline, &timeout) == 0 &&
	    send_request(check, spec) == 0) {
		event_del(prober.idle);
		prober.made++;
		return check;
	}
	check_free(check);
	rest();
	return NULL;
}

void
prober_cancel(struct prober_check *check)
{
	send_cancel(check);
	check_free(check);
	rest();
}
