/* SPDX-License-Identifier: ISC */
/*
 * exporter: the metrics of all services by HTTP.  Its sockets are those of
 * --listen, and those that systemd or hotswap passes.
 */
#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/sockopt.h"
#include "cli/commands.h"
#include "cli/metrics.h"
#include "cli/tell.h"
#include "exporter/asker.h"
#include "exporter/confine.h"
#include "exporter/server.h"
#include "keep/upward.h"
#include "traffic/endpoint.h"

#define BACKLOG	    128
#define FIRST_FD    3 /* SD_LISTEN_FDS_START */
#define ENDING_MS   5000
#define SOCKETS_MAX (2 * LISTEN_MAX)

struct exporter {
	struct event_base *base;
	struct server *server;
	int sockets[SOCKETS_MAX];
	size_t nsockets;
	int asker;   /* the descriptor that leads to it */
	int manager; /* NOTIFY_SOCKET; -1: none */
	struct evbuffer *said, *page;
	int status;
};

/* SOCKETS */

/* How many descriptors are passed to this very process, sd_listen_fds(3). */
static int
count_passed(void)
{
	const char *pid = getenv("LISTEN_PID"), *n = getenv("LISTEN_FDS");

	if (pid == NULL || n == NULL || atoi(pid) != getpid())
		return 0;
	return atoi(n);
}

static int
take_passed(struct exporter *exporter)
{
	struct address address;
	int fd, n = count_passed();

	for (fd = FIRST_FD; fd < FIRST_FD + n; fd++) {
		if (exporter->nsockets == SOCKETS_MAX ||
		    endpoint_address(fd, SOCK_STREAM, &address) == -1 ||
		    sockopt_get(fd, SOL_SOCKET, SO_TYPE) != SOCK_STREAM ||
		    listen(fd, BACKLOG) == -1)
			return tell(STATUS_USAGE,
			    "exporter: descriptor %d, which was passed, is no "
			    "socket to listen on",
			    fd);
		evutil_make_socket_closeonexec(fd);
		exporter->sockets[exporter->nsockets++] = fd;
	}
	return STATUS_OK;
}

static bool
is_passed(const struct exporter *exporter, const struct address *wanted)
{
	struct address address;
	size_t i;

	for (i = 0; i < exporter->nsockets; i++)
		if (endpoint_address(
			exporter->sockets[i], SOCK_STREAM, &address) == 0 &&
		    address_equal(&address, wanted))
			return true;
	return false;
}

/* The file of a socket on which nobody listens any more makes way. */
static bool
remove_stale(const struct address *address)
{
	const struct sockaddr_un *un = (const void *)&address->storage;
	int fd, error = 0;
	struct stat st;

	if (address_kind(address) != ADDRESS_UNIX ||
	    lstat(un->sun_path, &st) == -1 || !S_ISSOCK(st.st_mode))
		return false;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (connect(fd, &address->sa, address->len) == -1)
		error = errno;
	fd_close(&fd);
	return error == ECONNREFUSED && unlink(un->sun_path) == 0;
}

/* *New*; -1 with errno. */
static int
open_socket(const struct address *address)
{
	int fd = socket(address->sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd == -1)
		return -1;
	if (address_kind(address) == ADDRESS_INET)
		sockopt_set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if (address->device != 0 &&
	    sockopt_set(
		fd, SOL_SOCKET, SO_BINDTOIFINDEX, (int)address->device) == -1)
		goto bad;
	if (bind(fd, &address->sa, address->len) == -1 &&
	    (errno != EADDRINUSE || !remove_stale(address) ||
		bind(fd, &address->sa, address->len) == -1))
		goto bad;
	if (listen(fd, BACKLOG) == 0)
		return fd;
bad:
	fd_close(&fd);
	return -1;
}

static int
open_sockets(struct exporter *exporter, const struct arguments *arguments)
{
	int status = take_passed(exporter), fd;
	struct address address;
	const char *why;
	size_t i;

	for (i = 0; status == STATUS_OK && i < arguments->nlisten; i++) {
		address_parse(&address, arguments->listen[i], &why);
		if (is_passed(exporter, &address))
			continue;
		if ((fd = open_socket(&address)) == -1)
			return tell(
			    errno == EACCES ? STATUS_NOPERM : STATUS_FAILED,
			    "exporter: cannot listen on %s: %s",
			    arguments->listen[i], strerror(errno));
		exporter->sockets[exporter->nsockets++] = fd;
	}
	if (status == STATUS_OK && exporter->nsockets == 0)
		return tell(STATUS_USAGE,
		    "exporter: --listen is missing, and no socket was passed");
	return status;
}

/* PAGES */

static bool
print(FILE *out)
{
	return metrics_print_all(out) == STATUS_OK;
}

static void
make(void *arg)
{
	const struct exporter *exporter = arg;

	fd_write_all(exporter->asker, "", 1);
}

static void
hear(evutil_socket_t fd, short what, void *arg)
{
	struct exporter *exporter = arg;
	unsigned int status;
	int n = evbuffer_read(exporter->said, fd, -1);

	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		exporter->status = tell(STATUS_SOFTWARE,
		    "exporter: the process that asks the services has ended");
		event_base_loopbreak(exporter->base);
		return;
	}
	status = asker_take(exporter->said, exporter->page);
	if (status != 0)
		server_answer(exporter->server, status, exporter->page);
}

/* THE LOOP */

static void
ended(void *arg)
{
	const struct exporter *exporter = arg;

	event_base_loopbreak(exporter->base);
}

/* What is being answered is answered, but not for ever. */
static void
stop(evutil_socket_t sig, short what, void *arg)
{
	const struct exporter *exporter = arg;
	const struct timeval limit = clock_interval(ENDING_MS);

	event_base_loopexit(exporter->base, &limit);
	server_stop(exporter->server);
}

static void
say_ready(struct exporter *exporter)
{
	static const char ready[] = "READY=1";

	if (exporter->manager != -1 &&
	    write(exporter->manager, ready, sizeof(ready) - 1) == -1)
		tell(STATUS_OK, "exporter: NOTIFY_SOCKET: %s", strerror(errno));
	fd_close(&exporter->manager);
}

static int
add_events(struct exporter *exporter)
{
	struct event *events[] = {
		evsignal_new(exporter->base, SIGTERM, stop, exporter),
		evsignal_new(exporter->base, SIGINT, stop, exporter),
		event_new(exporter->base, exporter->asker, EV_READ | EV_PERSIST,
		    hear, exporter),
	};
	size_t i;

	for (i = 0; i < sizeof(events) / sizeof(events[0]); i++)
		if (events[i] == NULL || event_add(events[i], NULL) == -1)
			return -1;
	for (i = 0; i < exporter->nsockets; i++) {
		evutil_make_socket_nonblocking(exporter->sockets[i]);
		if (server_listen(exporter->server, exporter->sockets[i]) == -1)
			return -1;
	}
	return 0;
}

static int
serve(struct exporter *exporter)
{
	signal(SIGPIPE, SIG_IGN);
	exporter->base = event_base_new();
	exporter->said = evbuffer_new();
	exporter->page = evbuffer_new();
	if (exporter->base == NULL || exporter->said == NULL ||
	    exporter->page == NULL ||
	    (exporter->server = server_new(
		 exporter->base, make, ended, exporter)) == NULL ||
	    add_events(exporter) == -1)
		return tell(STATUS_SOFTWARE, "exporter: %s", strerror(errno));
	say_ready(exporter);
	event_base_dispatch(exporter->base);
	return exporter->status;
}

int
cli_exporter(const struct arguments *arguments)
{
	struct exporter exporter = { .status = STATUS_OK };
	int status = open_sockets(&exporter, arguments);

	if (status != STATUS_OK)
		return status;
	if (asker_start(print, &exporter.asker) == -1)
		return tell(
		    STATUS_SOFTWARE, "exporter: fork: %s", strerror(errno));
	exporter.manager = upward_open();
	if (confine_exporter() == -1)
		return tell(STATUS_NOPERM,
		    "exporter: cannot give up its rights, which takes "
		    "CAP_SETUID and CAP_SETGID: %s",
		    strerror(errno));
	return serve(&exporter);
}
