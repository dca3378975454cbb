/* SPDX-License-Identifier: ISC */
/*
 * The model of a group's array as JSON, with cookies for the sockets.
 */
#ifndef TRAFFIC_GROUP_JSON_H
#define TRAFFIC_GROUP_JSON_H

#include <jansson.h>

#include "traffic/group.h"
#include "traffic/way.h"

/* *New*; NULL if there is no memory. */
json_t *group_to_json(const struct group *);

/*
 * Fill an empty group.  A socket that does not exist any more is marked as
 * gone, for group_vanish, which must be called next.  -1 with errno: EINVAL.
 */
int group_from_json(struct group *, const json_t *, const struct way_finder *);

#endif
