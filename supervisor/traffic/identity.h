/* SPDX-License-Identifier: ISC */
/*
 * Which file it is, whatever it is called: by it we know the files that we
 * have made, since others may have their names meanwhile.
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

/* For a successor, *new*; and back, zeros where there was none. */
json_t *identity_save(const struct identity *);
void identity_restore(struct identity *, const json_t *);

#endif
