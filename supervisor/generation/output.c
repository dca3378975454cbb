/* SPDX-License-Identifier: ISC */
/*
 * Streams: a pipe with a logger at its end.  One stream serves both descriptors
 * of a program; if our stdout and stderr are different files, there are two.
 */
#include "generation/output.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/proc.h"
#include "core/held.h"
#include "core/life.h"
#include "core/service.h"
#include "core/state.h"
#include "keep/store.h"
#include "process/account.h"
#include "process/logger.h"
#include "process/reaper.h"

#define PIPE_ROOM  (1 << 20) /* bytes, for a time without a logger */
#define AGAIN_MS   1000	     /* until a logger that ended at once runs again */
#define LAST_MS	   2000	     /* for a logger to write the last lines */
#define HELD_READ  "output-read"
#define HELD_WRITE "output-write"
#define STREAMS	   2 /* of stdout and of stderr */

struct stream {
	struct service *service;
	int ends[2]; /* -1: not open */
	int sink;    /* of ours, for a logger without a directory */
	pid_t pid;   /* of the logger; 0: none runs */
	int64_t started_ms;
	struct event *again;
};

struct output {
	struct stream streams[STREAMS];
	int fds[STREAMS];      /* for programs */
	bool to_file;	       /* a file of its own, in the state directory */
	pid_t before[STREAMS]; /* the loggers of our predecessor */
	uid_t uid;
	gid_t gid;
};

int
output_prepare(struct service *service)
{
	struct output *output = calloc(1, sizeof(*output));
	size_t i;

	if (output == NULL)
		return -1;
	for (i = 0; i < STREAMS; i++) {
		output->streams[i].service = service;
		output->streams[i].ends[0] = output->streams[i].ends[1] = -1;
		output->fds[i] = STDOUT_FILENO + (int)i;
	}
	service->output = output;
	return 0;
}

static unsigned int
number_of(const struct stream *stream)
{
	return (unsigned int)(stream - stream->service->output->streams);
}

/* LOGGERS */

static void run_logger(struct stream *);

static void
on_again(evutil_socket_t fd, short what, void *arg)
{
	run_logger(arg);
}

static void
logger_ended(pid_t pid, int status, void *arg)
{
	struct stream *stream = arg;
	struct timeval delay = clock_interval(AGAIN_MS);
	char how[REAPER_DESCRIBE];

	stream->pid = 0;
	reaper_describe(status, how, sizeof(how));
	log_warn("the logger of the program's output, process %d, %s: it is "
		 "started again",
	    pid, how);
	if (clock_ms() - stream->started_ms < AGAIN_MS)
		evtimer_add(stream->again, &delay);
	else
		run_logger(stream);
}

static void
run_logger(struct stream *stream)
{
	const struct service *service = stream->service;
	struct timeval delay = clock_interval(AGAIN_MS);
	struct logger_spec spec = { .name = service->options->name,
		.pipe = stream->ends[0],
		.directory = service->output->to_file ? service->state : NULL,
		.sink = stream->sink,
		.max = service->options->log_max };
	pid_t pid = logger_start(&spec);

	stream->started_ms = clock_ms();
	if (pid == -1 || reaper_watch(pid, logger_ended, stream) == -1) {
		log_error(
		    "the logger of the program's output cannot be started: %s; "
		    "the output waits in its pipe",
		    strerror(errno));
		evtimer_add(stream->again, &delay);
		return;
	}
	stream->pid = pid;
	state_commit(stream->service);
}

/*
 * If the keeper reports its end, a predecessor's logger is kept.  Any other is
 * replaced.
 */
static void
take_logger(struct stream *stream, pid_t before)
{
	struct service *service = stream->service;

	if (before != 0 && store_has_keeper(held_store(service)) &&
	    !service->adopted &&
	    reaper_watch(before, logger_ended, stream) == 0) {
		stream->pid = before;
		return;
	}
	if (before != 0)
		kill(before, SIGTERM);
	run_logger(stream);
}

/* PIPES */

/* A program may open the pipe by its name in /proc, as /dev/stderr. */
static int
make_pipe(struct stream *stream)
{
	const struct output *output = stream->service->output;
	int *ends = stream->ends;

	if (pipe2(ends, O_CLOEXEC) == -1 ||
	    fcntl(ends[0], F_SETFL, O_NONBLOCK) == -1 ||
	    fchown(ends[1], output->uid, output->gid) == -1)
		return -1;
	fcntl(ends[1], F_SETPIPE_SZ, PIPE_ROOM);
	held_put(stream->service, HELD_READ, number_of(stream), ends[0]);
	held_put(stream->service, HELD_WRITE, number_of(stream), ends[1]);
	return 0;
}

static int
open_stream(struct stream *stream, int sink)
{
	struct service *service = stream->service;
	unsigned int i = number_of(stream);

	stream->sink = sink;
	stream->again = evtimer_new(service->base, on_again, stream);
	stream->ends[0] = held_take(service, HELD_READ, i);
	stream->ends[1] = held_take(service, HELD_WRITE, i);
	if (stream->again == NULL)
		return -1;
	if (stream->ends[0] != -1 && stream->ends[1] != -1) {
		take_logger(stream, service->output->before[i]);
		return 0;
	}
	fd_close(&stream->ends[0]);
	fd_close(&stream->ends[1]);
	if (make_pipe(stream) == -1)
		return -1;
	run_logger(stream);
	return 0;
}

/* Do both descriptors lead to one file? */
static bool
is_one_file(int a, int b)
{
	struct stat first, second;

	return fstat(a, &first) == 0 && fstat(b, &second) == 0 &&
	    first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

/* Only a file can be truncated, or read from its beginning. */
static bool
must_not_be_shared(const struct output *output, int fd)
{
	struct stat st;

	return output->uid != geteuid() && fstat(fd, &st) == 0 &&
	    S_ISREG(st.st_mode);
}

static int
open_streams(struct output *output)
{
	struct stream *out = &output->streams[0], *err = &output->streams[1];

	if (output->to_file || must_not_be_shared(output, STDOUT_FILENO)) {
		if (open_stream(out, STDOUT_FILENO) == -1)
			return -1;
		output->fds[0] = out->ends[1];
	}
	if (output->to_file ||
	    (out->ends[1] != -1 && is_one_file(STDOUT_FILENO, STDERR_FILENO))) {
		output->fds[1] = out->ends[1];
	} else if (must_not_be_shared(output, STDERR_FILENO)) {
		if (open_stream(err, STDERR_FILENO) == -1)
			return -1;
		output->fds[1] = err->ends[1];
	}
	return 0;
}

int
output_open(struct service *service, char *why, size_t size)
{
	struct output *output = service->output;
	const struct options *options = service->options;
	struct account account;

	/* An unknown user is reported when the program is started. */
	output->uid = geteuid();
	output->gid = getegid();
	if (account_init(&account, options->user, options->group, why, size) ==
	    0) {
		output->uid = account.uid;
		output->gid = account.gid;
		account_fini(&account);
	}
	output->to_file = getenv(LOG_DIRECTORY) != NULL;
	if (open_streams(output) == 0)
		return 0;
	snprintf(why, size, "%s", strerror(errno));
	return -1;
}

const int *
output_fds(const struct service *service)
{
	return service->output->fds;
}

void
output_reopen(struct service *service)
{
	size_t i;

	for (i = 0; i < STREAMS; i++)
		if (service->output->streams[i].pid != 0)
			kill(service->output->streams[i].pid, SIGUSR1);
}

/* FOR A SUCCESSOR */

json_t *
output_save(const struct service *service)
{
	const struct stream *stream = service->output->streams;
	json_t *list = json_array();
	unsigned long long start;
	size_t i;

	for (i = 0; i < STREAMS; i++, stream++) {
		if (stream->pid == 0 ||
		    proc_start_time(stream->pid, &start) == -1)
			json_array_append_new(list, json_object());
		else
			json_array_append_new(list,
			    json_pack("{si sI}", "pid", (int)stream->pid,
				"start", (json_int_t)start));
	}
	return list;
}

int
output_restore(struct service *service, const json_t *saved)
{
	size_t i;

	for (i = 0; i < STREAMS; i++)
		service->output->before[i] =
		    life_pid(json_array_get(saved, i), "pid");
	return 0;
}

/* THE END */

/*
 * A process that still has the pipe keeps the logger: wait to the deadline
 * only.
 */
static void
await_last_lines(const struct stream *stream, int64_t deadline)
{
	struct pollfd ended = { .events = POLLIN };
	int64_t left = deadline - clock_ms();

	if (stream->pid == 0)
		return;
	ended.fd = pidfd_open(stream->pid, 0);
	if (ended.fd != -1)
		poll(&ended, 1, left > 0 ? (int)left : 0);
	fd_close(&ended.fd);
}

void
output_close(struct service *service)
{
	struct output *output = service->output;
	int64_t deadline = clock_ms() + LAST_MS;
	struct stream *stream;
	size_t i;

	if (output == NULL)
		return;
	for (i = 0; i < STREAMS; i++) {
		stream = &output->streams[i];
		if (stream->again != NULL)
			event_free(stream->again);
		if (stream->pid != 0)
			reaper_forget(stream->pid);
		if (stream->ends[0] != -1) {
			held_remove(service, HELD_READ, (unsigned int)i);
			held_remove(service, HELD_WRITE, (unsigned int)i);
			store_sync(held_store(service));
		}
		fd_close(&stream->ends[0]);
		fd_close(&stream->ends[1]);
		await_last_lines(stream, deadline);
	}
	free(output);
	service->output = NULL;
}
