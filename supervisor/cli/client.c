/* SPDX-License-Identifier: ISC */
/*
 * The connection to a supervisor's control socket.
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
#include "base/paths.h"
#include "base/varlink.h"
#include "cli/absence.h"
#include "cli/services.h"
#include "cli/tell.h"
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
	json_t *call;	  /* to be made again, NULL if it need not be */
	int64_t patience; /* -1: calls are made once */
};

/* What a Varlink error is as an exit status; the key holds its text. */
static const struct {
	const char *error, *key;
	enum exit_status status;
} errors[] = {
	{ INTERFACE "Refused", "message", STATUS_REFUSED },
	{ INTERFACE "Failed", "message", STATUS_FAILED },
	{ INTERFACE "InvalidOption", "message", STATUS_CONFIG },
	{ INTERFACE "NotPermitted", "message", STATUS_NOPERM },
	{ VARLINK "InvalidParameter", "parameter", STATUS_USAGE },
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
	/* Also bounds connect(2): the queue of a hung supervisor is full. */
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
tell_connect(const char *name, int error)
{
	enum exit_status status;

	switch (error) {
	case ENOENT:
	case ECONNREFUSED:
		if (absence_tell(name, &status))
			return status;
		return tell(STATUS_UNAVAILABLE,
		    "no supervisor of \"%s\" runs (hotswap list shows what "
		    "does; hotswap start begins)",
		    name);
	case EINVAL:
		return tell(
		    STATUS_USAGE, "\"%s\" is not a service's name", name);
	case EACCES:
		return tell(STATUS_NOPERM,
		    "%s: may not connect to its supervisor, which is another "
		    "user's: run hotswap as that user, or as root",
		    name);
	case EPERM:
		return tell(STATUS_NOPERM,
		    "%s: the runtime directory is a link, another user's, or "
		    "open to others: it cannot be trusted",
		    name);
	case EAGAIN:
		if (absence_tell(name, &status))
			return status;
		return tell(STATUS_TIMEOUT,
		    "%s: the supervisor takes no connection: it hangs or is "
		    "stopped",
		    name);
	default:
		return tell(STATUS_SOFTWARE,
		    "%s: connect to its supervisor: %s", name, strerror(error));
	}
}

static bool
runs(const char *name)
{
	struct client *client = client_connect(name);

	client_close(client);
	return client != NULL;
}

struct client *
client_open(const char *name, int *status)
{
	struct client *client;
	char *only = NULL;

	*status = STATUS_OK;
	if (name == NULL) {
		if ((*status = services_only(runs, &only)) != STATUS_OK)
			return NULL;
		name = only;
	}
	if ((client = client_connect(name)) == NULL)
		*status = tell_connect(name, errno);
	free(only);
	return client;
}

static int
send_call(const struct client *client, const json_t *call)
{
	char *text = json_dumps(call, JSON_COMPACT);
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
	/* Where it could not be sent, the reply will not come. */
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
 * Now and then, until there was an answer, it is looked whether there is
 * anybody to give one: twice in a row, since a successor comes at once.
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

/* Whatever this connection has. */
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

/* Is there somebody who answers what takes no time? */
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

/* GOT_REPLY: the call has been made again, to who supervises now. */
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

int
client_tell_error(
    const struct client *client, const struct client_message *message)
{
	const char *text;
	size_t i;

	for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		if (strcmp(message->error, errors[i].error) != 0)
			continue;
		text = json_string_value(
		    json_object_get(message->parameters, errors[i].key));
		if (text == NULL)
			text = "no reason given";
		return tell(errors[i].status,
		    errors[i].status == STATUS_USAGE
			? "%s: the supervisor does not take this value of "
			  "\"%s\""
			: "%s: %s",
		    client->name, text);
	}
	return tell(STATUS_SOFTWARE,
	    "%s: the supervisor answered with %s; is it of another version "
	    "(hotswap status)?",
	    client->name, message->error);
}

bool
client_is_refused(const struct client *client)
{
	return !client->answered && client->owner != geteuid() &&
	    geteuid() != 0;
}

int
client_tell_silence(const struct client *client, enum client_got got)
{
	enum exit_status status;

	switch (got) {
	case GOT_DEADLINE:
		if (!client->answered && absence_tell(client->name, &status))
			return status;
		return tell(STATUS_TIMEOUT,
		    "%s: no answer from the supervisor in time", client->name);
	case GOT_INTERRUPT:
		return tell(STATUS_TIMEOUT,
		    "%s: not waiting any longer; what was asked for goes on "
		    "(hotswap status %s)",
		    client->name, client->name);
	case GOT_LOST:
		if (absence_tell(client->name, &status))
			return status;
		return tell(STATUS_SOFTWARE,
		    "%s: the supervisor has died, and nobody has answered for "
		    "%d s; its log tells why, and its programs may well go on",
		    client->name, CLIENT_SILENT_MS / 1000);
	default:
		break;
	}
	if (client->call != NULL && client->fd == -1)
		return tell(STATUS_UNAVAILABLE,
		    "%s: the supervisor has ended, and there is no other",
		    client->name);
	if (client_is_refused(client))
		return tell(STATUS_NOPERM,
		    "%s: its supervisor, of user %u, does not answer to this "
		    "user (--control-group lets a group in)",
		    client->name, client->owner);
	return tell(STATUS_SOFTWARE,
	    "%s: the supervisor went away before it answered; hotswap status "
	    "%s tells whether it runs, its log tells why it ended",
	    client->name, client->name);
}

int
client_ask(const char *name, const char *method, json_t *arguments,
    int64_t timeout_ms, json_t **parameters)
{
	struct client_message message;
	enum client_got got = GOT_END;
	struct client *client;
	int status;

	if ((client = client_open(name, &status)) == NULL) {
		json_decref(arguments);
		return status;
	}
	if (client_call(client, method, arguments, false) == 0)
		got = client_receive(
		    client, waiting_deadline(timeout_ms), &message);
	if (got == GOT_REPLY)
		*parameters = json_incref(message.parameters);
	else if (got == GOT_ERROR)
		status = client_tell_error(client, &message);
	else
		status = client_tell_silence(client, got);
	if (got == GOT_REPLY || got == GOT_ERROR)
		client_message_fini(&message);
	client_close(client);
	return status;
}
