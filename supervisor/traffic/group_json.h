/* SPDX-License-Identifier: ISC */
/*
 * The model of a group's array as JSON, with a cookie (SO_COOKIE) for each
 * socket.
 */
#ifndef TRAFFIC_GROUP_JSON_H
#define TRAFFIC_GROUP_JSON_H

#include <jansson.h>

#include "traffic/group.h"
#include "traffic/way.h"

/*
 * *New*; NULL if there is no memory.  adrift: the model's order is not the
 * kernel's.  Then the JSON has one more socket, which nobody can find, so that
 * a successor finds the order out before the successor uses it.
 */
json_t *group_to_json(const struct group *, bool adrift);

/*
 * Fill an empty group.  A socket that no longer exists is marked as gone; the
 * caller removes it with group_vanish.  -1 with errno: EINVAL.
 */
int group_from_json(struct group *, const json_t *, const struct way_finder *);

#endif
