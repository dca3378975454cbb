/* SPDX-License-Identifier: ISC */
/*
 * The connection to a supervisor's control socket: calling a method, waiting
 * for replies, and going on with a successor.  Tells nothing; what is told of
 * it is in cli/client_tell.h.
 */
#ifndef CLI_CLIENT_H
#define CLI_CLIENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define CLIENT_PROMPT_MS   10000 /* for what is answered at once */
#define CLIENT_SILENT_MS   8000	 /* by then a successor has answered */
#define CLIENT_PATIENCE_MS 2000	 /* by then there is one, if there will be */

struct client;

enum client_got {
	GOT_REPLY,     /* the last one, or one of several if continues */
	GOT_ERROR,     /* a Varlink error */
	GOT_DEADLINE,  /* nothing came in time */
	GOT_INTERRUPT, /* Ctrl-C, after waiting_arm */
	GOT_END,  /* the supervisor closed the connection, or sent rubbish */
	GOT_LOST, /* it died, and nobody has taken over: client_persist */
};

/* Release it with client_message_fini. */
struct client_message {
	json_t *message;    /* owns what follows */
	const char *error;  /* NULL: none */
	json_t *parameters; /* never NULL where something was got */
	bool continues;
};

/* *New*; NULL with errno. */
struct client *client_connect(const char *name);
void client_close(struct client *);

const char *client_name(const struct client *);

/* Send a call; *steals* parameters, which may be NULL.  -1 with errno. */
int client_call(
    struct client *, const char *method, json_t *parameters, bool more);

/*
 * From the next call on: where the supervisor dies or is replaced before the
 * last reply, connect to its successor and call again.  So the call must be
 * one that may be made twice.  GOT_LOST comes only after somebody should have
 * answered; GOT_END means that there has been none at all for patience_ms.
 */
void client_persist(struct client *, int64_t patience_ms);

/* For client_persist: a name that no other call has, to know ours again. */
json_t *client_id(void);

/* The next reply; deadline is of clock_ms. */
enum client_got client_receive(
    struct client *, int64_t deadline, struct client_message *);
void client_message_fini(struct client_message *);

/* Whether the end came before any answer and may mean: not for this user. */
bool client_is_refused(const struct client *);

/* A call that persists has lost its supervisor, and there is no other. */
bool client_is_abandoned(const struct client *);

/* Has this service answered anything yet? */
bool client_has_answer(const struct client *);

/* The user whom the supervisor is of; -1 where that is not known. */
uid_t client_owner(const struct client *);

#endif
