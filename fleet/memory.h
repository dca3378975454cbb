/* SPDX-License-Identifier: ISC */
/*
 * What an agent remembers beside the store: the newest rollout that its host
 * has claimed a part of, STATE/SERVICE/fleet.
 */
#ifndef FLEET_MEMORY_H
#define FLEET_MEMORY_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "fleet/records.h"

struct memory {
	char path[PATH_MAX];
	int64_t n; /* 0: none */
	char token[RECORDS_TOKEN];
};

/* Read the file, if there is one.  -1 with why. */
int memory_open(struct memory *, const char *service, char *why, size_t size);

/* Is the store's rollout not older, and the same one?  False with why. */
bool memory_agrees(
    const struct memory *, const struct rollout *, char *why, size_t size);

/* Remember this rollout, on the disk.  -1 with why. */
int memory_put(struct memory *, const struct rollout *, char *why, size_t size);

#endif
