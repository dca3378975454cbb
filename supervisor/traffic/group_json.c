/* SPDX-License-Identifier: ISC */
/*
 * The model of a group's array as JSON: a list in the kernel's order.
 */
#include "traffic/group_json.h"

#include <errno.h>

#include "traffic/holder.h"

json_t *
group_to_json(const struct group *group, bool adrift)
{
	const struct group_slot *slot;
	json_t *array = json_array();

	for (slot = group->slots; slot < group->slots + group->n; slot++)
		json_array_append_new(array,
		    json_pack("{sI sI sb sb sI}", "socket",
			(json_int_t)slot->cookie, "generation",
			(json_int_t)slot->generation, "leaving",
			(int)slot->leaving, "unsure", (int)slot->unsure, "key",
			(json_int_t)slot->key));
	if (adrift)
		json_array_append_new(array,
		    json_pack("{sI sI sb sb}", "socket", (json_int_t)0,
			"generation", (json_int_t)0, "leaving", 0, "unsure",
			0));
	return array;
}

int
group_from_json(
    struct group *group, const json_t *array, const struct way_finder *finder)
{
	json_int_t cookie, generation, key;
	int fd, leaving, unsure;
	struct group_slot *slot;
	const json_t *value;
	size_t i;

	json_array_foreach (array, i, value) {
		key = 0; /* an older build saved no key */
		if (json_unpack((json_t *)value, "{sI sI sb sb s?I}", "socket",
			&cookie, "generation", &generation, "leaving", &leaving,
			"unsure", &unsure, "key", &key) == -1) {
			errno = EINVAL;
			return -1;
		}
		fd = finder->find(
		    (unsigned int)generation, (uint64_t)cookie, finder->arg);
		if (group_append(group, fd, (unsigned int)generation) == -1)
			return -1;
		slot = &group->slots[group->n - 1];
		slot->leaving = leaving;
		slot->unsure = unsure;
		slot->cookie = (uint64_t)cookie;
		slot->key = (unsigned int)key;
		slot->gone = fd == -1;
	}
	return 0;
}
