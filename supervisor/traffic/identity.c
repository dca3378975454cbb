/* SPDX-License-Identifier: ISC */
/*
 * The identity of a file: its device and inode.
 */
#include "traffic/identity.h"

#include <sys/stat.h>

bool
identity_is(const struct identity *identity, const struct stat *st)
{
	return st->st_dev == identity->dev && st->st_ino == identity->ino;
}

json_t *
identity_save(const struct identity *identity)
{
	return json_pack(
	    "[II]", (json_int_t)identity->dev, (json_int_t)identity->ino);
}

void
identity_restore(struct identity *identity, const json_t *array)
{
	identity->dev = (dev_t)json_integer_value(json_array_get(array, 0));
	identity->ino = (ino_t)json_integer_value(json_array_get(array, 1));
}
