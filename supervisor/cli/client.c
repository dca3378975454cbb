/* SPDX-License-Identifier: ISC */
/*
 * The connection to a supervisor's control socket, and to its successor's.
 */
#include "cli/client.h"

#include <errno.h>
#include <event2/buffer.h>
#include <stdlib.h>
#include <string.h>
#include <sys/param.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/memory.h"
#include "base/paths.h"
#include "base/varlink.h"
#include "cli/absence.h"
#include "cli/waiting.h"

#define INTERFACE "org.hotswap.Supervisor."
#define VARLINK	  "org.varlink.service."
#define AGAIN_MS  20 /* from one attempt to connect to the next */
#define LOOK_MS	  1000

struct client {
	char *name;
	int fd;
	struct evbuffer *input;
	uid_t owner; /* of the supervisor */
	bool answered;
	json_t *call;	  /* call to be made again; NULL: none */
	int64_t patience; /* ms; -1: each call is made once */
};

static int
make_connection(struct client *client)
{
	const struct timeval limit = { .tv_sec = CLIENT_PROMPT_MS / 1000 };
	struct ucred peer = { .uid = -1 };
	socklen_t length = sizeof(peer);
	char path[PATH_MAX];

	if (paths_control(client->name, path) == -1)
		return -1;
	client->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (client->fd == -1)
		return -1;
	/* connect(2) has the limit too: a hung supervisor's queue is full. */
	setsockopt(client->fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
	if (paths_connect(client->fd, path) == -1) {
		fd_close(&client->fd);
		return -1;
	}
	getsockopt(client->fd, SOL_SOCKET, SO_PEERCRED, &peer, &length);
	client->owner = peer.uid;
	return 0;
}

struct client *
client_connect(const char *name)
{
	struct client *client = calloc(1, sizeof(*client));

	if (client == NULL)
		return NULL;
	client->fd = -1;
	client->patience = -1;
	if ((client->name = strdup(name)) != NULL &&
	    (client->input = evbuffer_new()) != NULL &&
	    make_connection(client) == 0)
		return client;
	client_close(client);
	return NULL;
}

void
client_close(struct client *client)
{
	int saved = errno;

	if (client == NULL)
		return;
	fd_close(&client->fd);
	if (client->input != NULL)
		evbuffer_free(client->input);
	json_decref(client->call);
	free(client->name);
	free(client);
	errno = saved;
}

const char *
client_name(const struct client *client)
{
	return client->name;
}

static int
send_call(const struct client *client, const json_t *call)
{
	char *text = memory_text(call, JSON_COMPACT);
	ssize_t n = -1;

	if (text != NULL)
		/* The NUL that ends the text ends the message. */
		n = fd_send(client->fd, text, strlen(text) + 1, NULL, 0);
	free(text);
	return n == -1 ? -1 : 0;
}

int
client_call(
    struct client *client, const char *method, json_t *parameters, bool more)
{
	json_t *call;
	char *full;
	int result;

	if (asprintf(&full, INTERFACE "%s", method) == -1) {
		json_decref(parameters);
		return -1;
	}
	call = varlink_call(full, parameters, more);
	free(full);
	result = send_call(client, call);
	json_decref(client->call);
	client->call = NULL;
	if (client->patience == -1 || call == NULL) {
		json_decref(call);
		return result;
	}
	/* client_receive makes a call again that could not be sent. */
	client->call = call;
	return 0;
}

static void
message_read(struct client_message *message)
{
	json_t *root = message->message;

	message->error = json_string_value(json_object_get(root, "error"));
	message->continues = json_is_true(json_object_get(root, "continues"));
	message->parameters = json_object_get(root, "parameters");
	if (!json_is_object(message->parameters)) {
		json_object_set_new(root, "parameters", json_object());
		message->parameters = json_object_get(root, "parameters");
	}
}

/*
 * Until there was an answer, look every LOOK_MS whether a supervisor runs.  It
 * must be absent twice in a row, since a successor comes within a moment.
 */
static enum waited
wait_for_more(struct client *client, int64_t deadline)
{
	enum waited waited;
	int64_t look;
	int absent = 0;

	do {
		look = clock_ms() + LOOK_MS;
		if (client->answered || look > deadline)
			look = deadline;
		waited = waiting_for(client->fd, look);
		absent = waited == WAITED_DEADLINE && look < deadline &&
			absence_is_so(client->name)
		    ? absent + 1
		    : 0;
	} while (waited == WAITED_DEADLINE && look < deadline && absent < 2);
	return waited;
}

/* Receive the next message of this connection. */
static enum client_got
receive(struct client *client, int64_t deadline, struct client_message *message)
{
	int r;

	memset(message, 0, sizeof(*message));
	while ((r = varlink_take(client->input, &message->message)) == 0) {
		switch (wait_for_more(client, deadline)) {
		case WAITED_DEADLINE:
			return GOT_DEADLINE;
		case WAITED_INTERRUPT:
			return GOT_INTERRUPT;
		case WAITED_ERROR:
			return GOT_END;
		case WAITED_READABLE:
			break;
		}
		if (evbuffer_read(client->input, client->fd, -1) <= 0)
			return GOT_END;
	}
	if (r == -1)
		return GOT_END;
	client->answered = true;
	message_read(message);
	return message->error != NULL ? GOT_ERROR : GOT_REPLY;
}

/* AFTER THE SUPERVISOR'S END */

void
client_persist(struct client *client, int64_t patience_ms)
{
	client->patience = patience_ms;
}

json_t *
client_id(void)
{
	unsigned char bytes[16];
	char text[2 * sizeof(bytes) + 1];
	size_t i;

	arc4random_buf(bytes, sizeof(bytes));
	for (i = 0; i < sizeof(bytes); i++)
		snprintf(text + 2 * i, 3, "%02x", bytes[i]);
	return json_string(text);
}

/* Is there a supervisor that answers a call that takes no time? */
static enum client_got
greet(struct client *client, int64_t deadline)
{
	json_t *call = varlink_call(VARLINK "GetInfo", NULL, false);
	struct client_message message = { 0 };
	enum client_got got = GOT_END;

	if (send_call(client, call) == 0)
		got = receive(client, deadline, &message);
	json_decref(call);
	client_message_fini(&message);
	return got == GOT_ERROR ? GOT_REPLY : got;
}

static void
drop_connection(struct client *client)
{
	fd_close(&client->fd);
	evbuffer_drain(client->input, evbuffer_get_length(client->input));
}

/* GOT_REPLY: the call has been made again, to the present supervisor. */
static enum client_got
call_again(struct client *client, int64_t deadline)
{
	int64_t absent = clock_ms() + client->patience;
	int64_t silent = clock_ms() + CLIENT_SILENT_MS;
	enum client_got got = GOT_END;
	enum waited waited = WAITED_DEADLINE;

	while (waited == WAITED_DEADLINE) {
		drop_connection(client);
		if (make_connection(client) == 0)
			got = greet(client, MIN(deadline, silent));
		else
			got = GOT_LOST;
		if (got == GOT_REPLY && send_call(client, client->call) == 0)
			return GOT_REPLY;
		if (got == GOT_END && client_is_refused(client))
			return GOT_END;
		if (clock_ms() >= deadline)
			return GOT_DEADLINE;
		if (got == GOT_INTERRUPT)
			return GOT_INTERRUPT;
		if (clock_ms() >= silent)
			return GOT_LOST;
		if (got == GOT_LOST && clock_ms() >= absent)
			return GOT_END;
		waited = waiting_for(-1, clock_ms() + AGAIN_MS);
	}
	return waited == WAITED_INTERRUPT ? GOT_INTERRUPT : GOT_LOST;
}

enum client_got
client_receive(
    struct client *client, int64_t deadline, struct client_message *message)
{
	enum client_got got;

	for (;;) {
		got = receive(client, deadline, message);
		if (got == GOT_ERROR ||
		    (got == GOT_REPLY && !message->continues)) {
			json_decref(client->call);
			client->call = NULL;
		}
		if (got != GOT_END || client->call == NULL)
			return got;
		got = call_again(client, deadline);
		if (got != GOT_REPLY)
			return got;
	}
}

void
client_message_fini(struct client_message *message)
{
	json_decref(message->message);
	message->message = NULL;
}

bool
client_is_refused(const struct client *client)
{
	return !client->answered && client->owner != geteuid() &&
	    geteuid() != 0;
}

bool
client_is_abandoned(const struct client *client)
{
	return client->call != NULL && client->fd == -1;
}

bool
client_has_answer(const struct client *client)
{
	return client->answered;
}

uid_t
client_owner(const struct client *client)
{
	return client->owner;
}

bool
client_is_gone(const char *name)
{
	struct client *client = client_connect(name);
	bool gone =
	    client == NULL && (errno == ENOENT || errno == ECONNREFUSED);

	client_close(client);
	return gone;
}
