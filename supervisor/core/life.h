/* SPDX-License-Identifier: ISC */
/*
 * The supervisor's identity, for a process that takes over later.  A PID may
 * mean another process by then, so its start time and the host belong to it.
 */
#ifndef CORE_LIFE_H
#define CORE_LIFE_H

#include <jansson.h>
#include <sys/types.h>

struct service;

#define LIFE_HOST 128

/* The host: PIDs and start times mean nothing on another, pid_namespaces(7). */
void life_put_host(char buf[static LIFE_HOST]);

/* This process and its keeper, *new*. */
json_t *life_describe(const struct service *);

/* The same, and what is held now: *new*; NULL with ENOMEM. */
json_t *life_save(const struct service *, const json_t *life);

/*
 * The PID of this key in an object that also has `start`; 0 if that process has
 * ended.
 */
pid_t life_pid(const json_t *process, const char *key);

#endif
