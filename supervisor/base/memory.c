/* SPDX-License-Identifier: ISC */
/*
 * The reserve is filled again as soon as there is memory for it.
 */
#include "base/memory.h"

#include <errno.h>
#include <event2/event.h>
#include <stdbool.h>
#include <stdlib.h>

#define RESERVE 65536 /* bytes */

static void *reserve;
static unsigned long lacked;

/* Is there reason to try again? */
static bool
give_reserve(void)
{
	if (reserve == NULL)
		return false;
	free(reserve);
	reserve = NULL;
	return true;
}

static void *
note(void *p)
{
	if (p == NULL)
		lacked++;
	else if (reserve == NULL)
		reserve = malloc(RESERVE);
	return p;
}

static void *
get(size_t size)
{
	void *p = malloc(size);

	return note(p == NULL && give_reserve() ? malloc(size) : p);
}

static void *
resize(void *old, size_t size)
{
	void *p = realloc(old, size);

	return note(p == NULL && give_reserve() ? realloc(old, size) : p);
}

void
memory_init(void)
{
	json_set_alloc_funcs(get, free);
	event_set_mem_functions(get, resize, free);
	reserve = malloc(RESERVE);
}

unsigned long
memory_lacked(void)
{
	return lacked;
}

/* json_dumps forgets that the name of a member did not fit, jansson 2.14. */
char *
memory_text(const json_t *json, size_t flags)
{
	unsigned long before = lacked;
	char *text = json_dumps(json, flags);

	if (text != NULL && lacked == before)
		return text;
	free(text);
	errno = ENOMEM;
	return NULL;
}
