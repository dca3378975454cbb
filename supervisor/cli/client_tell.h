/* SPDX-License-Identifier: ISC */
/*
 * What a command tells the user about its call: why there is no connection or
 * no reply, and which exit status an error means.
 */
#ifndef CLI_CLIENT_TELL_H
#define CLI_CLIENT_TELL_H

#include <jansson.h>
#include <stdint.h>

#include "cli/client.h"

/*
 * Connect to the service; with NULL as name, to the only service that runs.
 * *New*; or NULL with the exit status, after the error has been told.
 */
struct client *client_open(const char *name, int *status);

/*
 * As client_open, but wait until the deadline, of clock_ms, for a supervisor
 * that is not there yet.  name is not NULL.
 */
struct client *client_await(const char *name, int64_t deadline, int *status);

/* Tell the user a Varlink error.  Returns the exit status for it. */
int client_tell_error(const struct client *, const struct client_message *);

/* Tell the user why there is no reply.  Returns the exit status for it. */
int client_tell_silence(const struct client *, enum client_got);

/*
 * Make one call that has one reply, *new* in *parameters.  Returns STATUS_OK;
 * or another status, after the error has been told.  *Steals* arguments; name
 * is as for client_open.
 */
int client_ask(const char *name, const char *method, json_t *arguments,
    int64_t timeout_ms, json_t **parameters);

/*
 * As client_ask, of a call that is answered with the outcome of the rollout: it
 * waits until then, as long as the supervisor answers other calls.
 */
int client_ask_outcome(
    const char *name, const char *method, json_t **parameters);

#endif
