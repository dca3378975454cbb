/* SPDX-License-Identifier: ISC */
/*
 * The model of a group's array as JSON, its sockets by their cookies.
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
 * Fill an empty group.  What has no socket any more counts as gone, and is
 * marked so: group_vanish comes next.  -1 with errno: EINVAL.
 */
int group_from_json(struct group *, const json_t *, const struct way_finder *);

#endif
