/* SPDX-License-Identifier: ISC */
/*
 * Who supervises, for whoever takes over one day: a PID alone may be another
 * process's by then, so it is told with its start, and with the host.
 */
#ifndef CORE_LIFE_H
#define CORE_LIFE_H

#include <jansson.h>
#include <sys/types.h>

struct service;

#define LIFE_HOST 128

/* PIDs and times since boot mean nothing elsewhere, pid_namespaces(7). */
void life_put_host(char buf[static LIFE_HOST]);

/* Who we are and what we hold; *new*. */
json_t *life_describe(const struct service *);

/*
 * The PID by this key of an object that has `start` beside it; 0 if that
 * process is no more.
 */
pid_t life_pid(const json_t *process, const char *key);

#endif
