/* SPDX-License-Identifier: ISC */
/*
 * Asking services for their status, without telling anybody of a failure.
 */
#ifndef CLI_SURVEY_H
#define CLI_SURVEY_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * Ask all of these services at the same time, for at most ms milliseconds in
 * all, which neither a supervisor that hangs nor one that takes no connection
 * makes longer.  names is NULL-terminated.  Returns an array, *new*, with an
 * object for each service that has a socket, in the order of names: its status,
 * whose `name` is the one that was asked for, or an object with the name alone
 * if nothing answers.  NULL: no memory.
 */
json_t *survey(char *const *names, int64_t ms);

/* Did it answer?  If it did not: is there no process behind its socket? */
bool survey_answers(const json_t *service);
bool survey_is_dead(const json_t *service);

/* The status of one service, *new*; NULL if it does not answer. */
json_t *survey_one(const char *name, int64_t ms);

#endif
