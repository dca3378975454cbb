/* SPDX-License-Identifier: ISC */
/*
 * The connection to a supervisor's control socket: calling a method, waiting
 * for replies, and going on with a successor.  It tells the user nothing;
 * cli/client_tell.h does.
 */
#ifndef CLI_CLIENT_H
#define CLI_CLIENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define CLIENT_PROMPT_MS   10000 /* for a call that is answered at once */
#define CLIENT_SILENT_MS   8000	 /* by then a successor has answered */
#define CLIENT_PATIENCE_MS 2000	 /* by then a successor listens */

struct client;

enum client_got {
	GOT_REPLY,     /* the last reply, or one of several if continues */
	GOT_ERROR,     /* a Varlink error */
	GOT_DEADLINE,  /* no reply came before the deadline */
	GOT_INTERRUPT, /* Ctrl-C, after waiting_arm */
	GOT_END,       /* the connection was closed, or a message was invalid */
	GOT_LOST,      /* died without a successor: client_persist */
};

/* Release it with client_message_fini. */
struct client_message {
	json_t *message;    /* owns what follows */
	const char *error;  /* NULL: the message is no error */
	json_t *parameters; /* never NULL with GOT_REPLY or GOT_ERROR */
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
 * From the next call on: if the supervisor dies or is replaced before the last
 * reply, connect to its successor and make the call again.  So the call must be
 * one that may be made twice.  GOT_LOST means that a successor should have
 * answered by now and did not; GOT_END means that for patience_ms there was no
 * successor to connect to.
 */
void client_persist(struct client *, int64_t patience_ms);

/*
 * For client_persist: an id that no other call has.  A successor knows by the
 * id that the call was made before.
 */
json_t *client_id(void);

/* Wait for the next reply; deadline is a time of clock_ms. */
enum client_got client_receive(
    struct client *, int64_t deadline, struct client_message *);
void client_message_fini(struct client_message *);

/*
 * Whether the connection ended before any answer, which may mean that this user
 * is not permitted to connect.
 */
bool client_is_refused(const struct client *);

/* Whether no supervisor of that name can be asked. */
bool client_is_gone(const char *name);

/* Whether a persisting call has lost its supervisor and found no successor. */
bool client_is_abandoned(const struct client *);

/* Whether this service has answered anything yet. */
bool client_has_answer(const struct client *);

/* The user of the supervisor; -1 if it is not known. */
uid_t client_owner(const struct client *);

#endif
