/* SPDX-License-Identifier: ISC */
/*
 * Which file it is, whatever its name is.  By the identity we know files that
 * we have made, since other files may have their names by now.
 */
#ifndef TRAFFIC_IDENTITY_H
#define TRAFFIC_IDENTITY_H

#include <jansson.h>
#include <stdbool.h>
#include <sys/types.h>

struct stat;

struct identity {
	dev_t dev;
	ino_t ino;
};

bool identity_is(const struct identity *, const struct stat *);

/* Save for a successor, *new*; and restore, as zeros if there was none. */
json_t *identity_save(const struct identity *);
void identity_restore(struct identity *, const json_t *);

#endif
