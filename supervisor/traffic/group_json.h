/* SPDX-License-Identifier: ISC */
/*
 * The model of a group's array as JSON, with cookies for the sockets.
 */
#ifndef TRAFFIC_GROUP_JSON_H
#define TRAFFIC_GROUP_JSON_H

#include <jansson.h>

#include "traffic/group.h"
#include "traffic/way.h"

/*
 * *New*; NULL if there is no memory.  adrift: the order is not the kernel's;
 * then there is one more that nobody will find, which makes a successor look
 * for the order before it goes by it.
 */
json_t *group_to_json(const struct group *, bool adrift);

/*
 * Fill an empty group.  A socket that does not exist any more is marked as
 * gone, for group_vanish, which must be called next.  -1 with errno: EINVAL.
 */
int group_from_json(struct group *, const json_t *, const struct way_finder *);

#endif
