/* SPDX-License-Identifier: ISC */
/*
 * A page is replaced by another one when a name of it changes.
 */
#include "keep/ledger.h"

#include <errno.h>
#include <string.h>

#define PAGE 64 /* names */

int
ledger_init(struct ledger *ledger)
{
	ledger->where = json_object();
	ledger->pages = json_pack("[{}]");
	if (ledger->where != NULL && ledger->pages != NULL)
		return 0;
	ledger_fini(ledger);
	errno = ENOMEM;
	return -1;
}

void
ledger_fini(struct ledger *ledger)
{
	json_decref(ledger->where);
	json_decref(ledger->pages);
	*ledger = (struct ledger){ 0 };
}

/* The page of a name; that of a new name has room. */
static size_t
find_page(const struct ledger *ledger, const char *name)
{
	const json_t *where = json_object_get(ledger->where, name);
	size_t i = 0;

	if (where != NULL)
		return (size_t)json_integer_value(where);
	while (json_object_size(json_array_get(ledger->pages, i)) >= PAGE)
		i++;
	return i;
}

/* A page that may be changed, *new*. */
static json_t *
copy_page(const struct ledger *ledger, size_t i)
{
	json_t *page = json_array_get(ledger->pages, i);

	return page != NULL ? json_copy(page) : json_object();
}

static int
put_page(struct ledger *ledger, size_t i, json_t *page)
{
	return i < json_array_size(ledger->pages)
	    ? json_array_set_new(ledger->pages, i, page)
	    : json_array_append_new(ledger->pages, page);
}

int
ledger_set(struct ledger *ledger, const char *name, json_t *value)
{
	size_t i = find_page(ledger, name);
	json_t *page = copy_page(ledger, i);

	if (json_object_set_new(page, name, value) == 0 &&
	    json_object_set_new(
		ledger->where, name, json_integer((json_int_t)i)) == 0 &&
	    put_page(ledger, i, json_incref(page)) == 0) {
		json_decref(page);
		return 0;
	}
	json_decref(page);
	errno = ENOMEM;
	return -1;
}

void
ledger_remove(struct ledger *ledger, const char *name)
{
	size_t i = find_page(ledger, name);
	json_t *page;

	if (json_object_get(ledger->where, name) == NULL ||
	    (page = copy_page(ledger, i)) == NULL)
		return;
	json_object_del(page, name);
	json_object_del(ledger->where, name);
	put_page(ledger, i, page);
}

const char *
ledger_find(
    const struct ledger *ledger, const char *beginning, json_int_t number)
{
	size_t len = strlen(beginning);
	json_t *page, *value;
	const char *name;
	size_t i;

	json_array_foreach (ledger->pages, i, page)
		json_object_foreach (page, name, value)
			if (strncmp(name, beginning, len) == 0 &&
			    json_is_integer(value) &&
			    json_integer_value(value) == number)
				return name;
	return NULL;
}

int
ledger_save(const struct ledger *ledger, json_t *into, const char *key,
    const char *more)
{
	json_t *rest = json_copy(ledger->pages);

	if (rest != NULL &&
	    json_object_set(into, key, json_array_get(rest, 0)) == 0 &&
	    json_array_remove(rest, 0) == 0 &&
	    (json_array_size(rest) == 0 ||
		json_object_set(into, more, rest) == 0)) {
		json_decref(rest);
		return 0;
	}
	json_decref(rest);
	errno = ENOMEM;
	return -1;
}

json_t *
ledger_load(const json_t *from, const char *key, const char *more)
{
	json_t *all = json_object(), *page;
	size_t i;
	int r = 0;

	if ((page = json_object_get(from, key)) != NULL)
		r = json_object_update(all, page);
	json_array_foreach (json_object_get(from, more), i, page)
		if (r == 0)
			r = json_object_update(all, page);
	if (r == 0)
		return all;
	json_decref(all);
	errno = ENOMEM;
	return NULL;
}
