/* SPDX-License-Identifier: ISC */
/*
 * Asking services for their status: one connection to each, all under way at
 * the same time, none of which may wait.
 */
#include "cli/survey.h"

#include <errno.h>
#include <event2/buffer.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/param.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/paths.h"
#include "base/strings.h"
#include "base/varlink.h"

#define STATUS_CALL "org.hotswap.Supervisor.Status"
#define AGAIN_MS    20	/* until the next attempt to connect */
#define MOST	    256 /* connections at the same time */
#define DEAD	    "dead"

enum stage { STAGE_WAITS, STAGE_ASKED, STAGE_ENDED };

struct asked {
	const char *name;
	enum stage stage;
	int fd;
	struct evbuffer *input;
	json_t *service; /* NULL: it has no socket, or did not answer yet */
	bool absent;
};

static void
end(struct asked *asked)
{
	asked->stage = STAGE_ENDED;
	fd_close(&asked->fd);
	if (asked->input != NULL)
		evbuffer_free(asked->input);
	asked->input = NULL;
}

static int
send_call(int fd)
{
	json_t *call = varlink_call(STATUS_CALL, NULL, false);
	char *text = json_dumps(call, JSON_COMPACT);
	ssize_t n = -1;

	json_decref(call);
	if (text != NULL)
		n = fd_send(fd, text, strlen(text) + 1, NULL, 0);
	free(text);
	return n == -1 ? -1 : 0;
}

static int
ask(struct asked *asked)
{
	char path[PATH_MAX];

	if (paths_control(asked->name, path) == -1)
		return -1;
	asked->fd =
	    socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (asked->fd == -1 || paths_connect(asked->fd, path) == -1 ||
	    (asked->input = evbuffer_new()) == NULL)
		return -1;
	return send_call(asked->fd);
}

/*
 * A full queue is one of a supervisor that hangs, or of one that many ask at
 * this moment: the next attempt is later, and so it is for want of descriptors.
 */
static void
begin(struct asked *asked)
{
	int error;

	asked->stage = STAGE_ASKED;
	if (ask(asked) == 0)
		return;
	error = errno;
	end(asked);
	if (error == EAGAIN || error == EMFILE || error == ENFILE)
		asked->stage = STAGE_WAITS;
	else if (error == ECONNREFUSED)
		asked->service =
		    json_pack("{ss sb}", "name", asked->name, DEAD, 1);
	else if (error == ENOENT)
		asked->absent = true;
}

static void
take_reply(struct asked *asked, const json_t *message)
{
	json_t *status =
	    json_object_get(json_object_get(message, "parameters"), "status");

	if (!json_is_object(status) || json_object_size(status) == 0)
		return;
	asked->service = json_incref(status);
	/* Two services must not be told under one name. */
	json_object_set_new(status, "name", json_string(asked->name));
}

static void
hear(struct asked *asked)
{
	int n = evbuffer_read(asked->input, asked->fd, -1), r;
	json_t *message = NULL;

	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	r = n > 0 ? varlink_take(asked->input, &message) : -1;
	if (r == 1)
		take_reply(asked, message);
	json_decref(message);
	if (r != 0)
		end(asked);
}

/* How many are under way, after as many as may be have begun; pfds are theirs.
 */
static nfds_t
gather(struct asked *asked, size_t n, struct pollfd pfds[static MOST],
    struct asked *polled[static MOST], bool *more)
{
	nfds_t under_way = 0;
	size_t i;

	*more = false;
	for (i = 0; i < n; i++)
		if (asked[i].stage == STAGE_ASKED)
			under_way++;
	for (i = 0; i < n && under_way < MOST; i++)
		if (asked[i].stage == STAGE_WAITS) {
			begin(&asked[i]);
			under_way += asked[i].stage == STAGE_ASKED;
		}
	under_way = 0;
	for (i = 0; i < n; i++) {
		*more |= asked[i].stage == STAGE_WAITS;
		if (asked[i].stage != STAGE_ASKED)
			continue;
		polled[under_way] = &asked[i];
		pfds[under_way++] =
		    (struct pollfd){ .fd = asked[i].fd, .events = POLLIN };
	}
	return under_way;
}

static void
ask_all(struct asked *asked, size_t n, int64_t deadline)
{
	struct asked *polled[MOST];
	struct pollfd pfds[MOST];
	int64_t left;
	nfds_t i, count;
	bool more;

	while ((left = deadline - clock_ms()) > 0) {
		count = gather(asked, n, pfds, polled, &more);
		if (count == 0 && !more)
			return;
		if (more)
			left = MIN(left, AGAIN_MS);
		if (poll(pfds, count, (int)left) == -1 && errno != EINTR)
			return;
		for (i = 0; i < count; i++)
			if (pfds[i].revents != 0)
				hear(polled[i]);
	}
}

json_t *
survey(char *const *names, int64_t ms)
{
	size_t i, n = strings_count(names);
	struct asked *asked = calloc(n + 1, sizeof(*asked));
	json_t *list = json_array();

	if (asked == NULL || list == NULL)
		goto out;
	for (i = 0; i < n; i++)
		asked[i] = (struct asked){ .name = names[i], .fd = -1 };
	ask_all(asked, n, clock_ms() + ms);
	for (i = 0; i < n; i++) {
		end(&asked[i]);
		if (asked[i].service == NULL && !asked[i].absent)
			asked[i].service =
			    json_pack("{ss}", "name", asked[i].name);
		/* A file's name that is not UTF-8 is no service's. */
		if (asked[i].service != NULL)
			json_array_append_new(list, asked[i].service);
	}
out:
	free(asked);
	return list;
}

bool
survey_is_dead(const json_t *service)
{
	return json_is_true(json_object_get(service, DEAD));
}

bool
survey_answers(const json_t *service)
{
	return json_object_size(service) > 1 && !survey_is_dead(service);
}

json_t *
survey_one(const char *name, int64_t ms)
{
	char *const names[] = { (char *)name, NULL };
	json_t *list = survey(names, ms);
	json_t *service = json_incref(json_array_get(list, 0));

	json_decref(list);
	if (survey_answers(service))
		return service;
	json_decref(service);
	return NULL;
}
