/* SPDX-License-Identifier: ISC */
/*
 * What a command tells of its call: why there is no connection or no reply,
 * and what an error means as an exit status.
 */
#ifndef CLI_CLIENT_TELL_H
#define CLI_CLIENT_TELL_H

#include <jansson.h>
#include <stdint.h>

#include "cli/client.h"

/*
 * Connect to the service, or to the only one if name is NULL.  *New*; NULL
 * with the status for what it has told.
 */
struct client *client_open(const char *name, int *status);

/*
 * The same, and wait until the deadline, of clock_ms, for a supervisor that is
 * not there yet.  name is not NULL.
 */
struct client *client_await(const char *name, int64_t deadline, int *status);

/* Tell a Varlink error; returns the exit status that it stands for. */
int client_tell_error(const struct client *, const struct client_message *);

/* Tell why there is no reply; returns the exit status for it. */
int client_tell_silence(const struct client *, enum client_got);

/*
 * One call and its one reply, *new* in *parameters.  Returns STATUS_OK or
 * the status for what it has told.  *Steals* parameters; name as above.
 */
int client_ask(const char *name, const char *method, json_t *arguments,
    int64_t timeout_ms, json_t **parameters);

#endif
