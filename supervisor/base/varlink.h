/* SPDX-License-Identifier: ISC */
/*
 * Varlink messages: JSON objects, each ended by a NUL byte.  Knows the framing
 * and the form of calls and replies, but no interface and no socket.
 */
#ifndef BASE_VARLINK_H
#define BASE_VARLINK_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct evbuffer;

#define VARLINK_MESSAGE_MAX (1024 * 1024) /* bytes, the NUL included */

struct varlink_call {
	const char *method; /* borrowed from the message */
	json_t *parameters; /* borrowed; never NULL */
	bool more;
	bool oneway;
	json_t *message; /* owns method and parameters; json_decref it */
};

/*
 * Take the next whole message off the buffer.  Returns 1 with a *new* object in
 * *message, 0 if more bytes are needed, -1 with errno: EMSGSIZE for more than
 * VARLINK_MESSAGE_MAX, EBADMSG if it is not a JSON object.
 */
int varlink_take(struct evbuffer *, json_t **message);

/* Add a message, *stolen*, to the buffer.  -1 with errno ENOMEM. */
int varlink_put(struct evbuffer *, json_t *message);

/*
 * Read a call from a message, *stolen*.  -1 with errno EBADMSG if the message
 * is not a call; it is released then.
 */
int varlink_call_parse(struct varlink_call *, json_t *message);

/* Build a message, *new*.  *Steals* parameters, which may be NULL. */
json_t *varlink_call(const char *method, json_t *parameters, bool more);
json_t *varlink_reply(json_t *parameters, bool continues);
json_t *varlink_error(const char *name, json_t *parameters);

#endif
