/* SPDX-License-Identifier: ISC */
/*
 * Stored descriptors.  Those that are removed when they hang up are in an epoll
 * set with no event requested: epoll reports POLLHUP and POLLERR all the same,
 * and data that can be read wakes nobody.
 */
#include "process/fdstore.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/queue.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/foreign.h"

#define BURST	64   /* descriptors before the loop gets its turn again */
#define BUCKETS 1024 /* a program may store ten thousand connections */

LIST_HEAD(fdentries, fdentry);
LIST_HEAD(fditems, fditem);

struct fditem {
	LIST_ENTRY(fditem) by_id;
	LIST_ENTRY(fditem) by_inode;
	struct fdpool *pool;
	unsigned int id;
	struct fdentries entries; /* of the stores that have it */
	uint64_t inode;
	int fd;
	bool polled; /* it is in the epoll set */
};

struct fdstore {
	struct fdpool *pool;
	struct fdentry **entries;
	size_t count;
	size_t room;
};

struct fdpool {
	struct fditems by_id[BUCKETS];
	struct fditems by_inode[BUCKETS];
	const struct fdpool_events *events;
	void *arg;
	unsigned int last_id;
	int epoll;
	struct event *event;
};

/* OPEN FILES */

/* epoll_ctl(2) polls at once, and the poll of some files may not answer. */
static void
item_poll(struct fditem *item)
{
	struct epoll_event event = { .data.ptr = item };

	if (!item->polled && foreign_may_poll(item->fd) &&
	    epoll_ctl(item->pool->epoll, EPOLL_CTL_ADD, item->fd, &event) == 0)
		item->polled = true;
}

/* close(2) is not enough: a duplicate elsewhere keeps the file in the set. */
static void
item_unpoll(struct fditem *item)
{
	if (item->polled)
		epoll_ctl(item->pool->epoll, EPOLL_CTL_DEL, item->fd, NULL);
	item->polled = false;
}

/* *Steals* fd in every case. */
static struct fditem *
item_new(struct fdpool *pool, unsigned int id, int fd)
{
	struct fditem *item = calloc(1, sizeof(*item));

	if (item == NULL) {
		foreign_close(&fd);
		return NULL;
	}
	item->pool = pool;
	item->id = id;
	item->fd = fd;
	item->inode = fd_inode(fd);
	LIST_INIT(&item->entries);
	if (pool->last_id < id)
		pool->last_id = id;
	LIST_INSERT_HEAD(&pool->by_id[id % BUCKETS], item, by_id);
	LIST_INSERT_HEAD(
	    &pool->by_inode[item->inode % BUCKETS], item, by_inode);
	return item;
}

/* Without an entry, nobody has it any more. */
static void
item_tidy(struct fditem *item)
{
	struct fdpool *pool = item->pool;

	if (!LIST_EMPTY(&item->entries))
		return;
	LIST_REMOVE(item, by_id);
	LIST_REMOVE(item, by_inode);
	item_unpoll(item);
	foreign_close(&item->fd);
	pool->events->removed(item->id, pool->arg);
	free(item);
}

static struct fditem *
find_file(const struct fdpool *pool, int fd)
{
	uint64_t inode = fd_inode(fd);
	struct fditem *item;

	LIST_FOREACH (item, &pool->by_inode[inode % BUCKETS], by_inode)
		if (item->inode == inode && fd_is_same(item->fd, fd))
			return item;
	return NULL;
}

static struct fditem *
find_id(const struct fdpool *pool, unsigned int id)
{
	struct fditem *item;

	LIST_FOREACH (item, &pool->by_id[id % BUCKETS], by_id)
		if (item->id == id)
			return item;
	return NULL;
}

/* ENTRIES OF STORES */

static int
grow(struct fdstore *store)
{
	size_t room = store->room == 0 ? 8 : store->room * 2;
	struct fdentry **entries;

	if (store->count < store->room)
		return 0;
	entries = reallocarray(store->entries, room, sizeof(struct fdentry *));
	if (entries == NULL)
		return -1;
	store->entries = entries;
	store->room = room;
	return 0;
}

static int
entry_add(
    struct fdstore *store, struct fditem *item, const char *name, bool watched)
{
	struct fdentry *entry;

	if (grow(store) == -1 || (entry = calloc(1, sizeof(*entry))) == NULL)
		return -1;
	strlcpy(entry->name, name, sizeof(entry->name));
	entry->item = item;
	entry->store = store;
	entry->watched = watched;
	store->entries[store->count++] = entry;
	LIST_INSERT_HEAD(&item->entries, entry, others);
	if (watched)
		item_poll(item);
	return 0;
}

/* Remove an entry; the entries after it move up. */
static void
entry_remove(struct fdstore *store, size_t i)
{
	struct fdentry *entry = store->entries[i];
	struct fditem *item = entry->item;

	memmove(store->entries + i, store->entries + i + 1,
	    (--store->count - i) * sizeof(struct fdentry *));
	LIST_REMOVE(entry, others);
	json_decref(entry->saved);
	free(entry);
	item_tidy(item);
}

static bool
has_item(const struct fdstore *store, const struct fditem *item)
{
	const struct fdentry *entry;

	LIST_FOREACH (entry, &item->entries, others)
		if (entry->store == store)
			return true;
	return false;
}

int
fdstore_put(
    struct fdstore *store, const char *name, int fd, bool watched, size_t max)
{
	struct fdpool *pool = store->pool;
	struct fditem *item;
	bool is_new;

	if (!foreign_is_local(fd)) {
		foreign_close(&fd);
		errno = EREMOTE;
		return -1;
	}
	item = find_file(pool, fd);
	is_new = item == NULL;
	if (!is_new) {
		foreign_close(&fd);
		if (has_item(store, item))
			return 0;
	}
	if (store->count >= max || (is_new && fd_is_scarce(fd))) {
		errno = store->count >= max ? EXFULL : EMFILE;
		foreign_close(&fd);
		return -1;
	}
	if (is_new && (item = item_new(pool, pool->last_id + 1, fd)) == NULL)
		return -1;
	if (is_new)
		pool->events->added(item->id, item->fd, pool->arg);
	if (entry_add(store, item, name, watched) == 0)
		return 0;
	if (is_new)
		item_tidy(item);
	return -1;
}

bool
fdstore_remove(struct fdstore *store, const char *name)
{
	size_t before = store->count, i;

	for (i = before; i > 0; i--)
		if (strcmp(store->entries[i - 1]->name, name) == 0)
			entry_remove(store, i - 1);
	return store->count < before;
}

void
fdstore_clear(struct fdstore *store)
{
	while (store->count > 0)
		entry_remove(store, store->count - 1);
	free(store->entries);
	store->entries = NULL;
	store->room = 0;
}

int
fdstore_copy(struct fdstore *store, const struct fdstore *from)
{
	const struct fdentry *entry;
	size_t i;

	fdstore_clear(store);
	for (i = 0; i < from->count; i++) {
		entry = from->entries[i];
		if (entry_add(
			store, entry->item, entry->name, entry->watched) == -1)
			return -1;
	}
	return 0;
}

size_t
fdstore_count(const struct fdstore *store)
{
	return store->count;
}

const struct fdentry *
fdstore_entry(const struct fdstore *store, size_t i)
{
	return store->entries[i];
}

int
fdentry_fd(const struct fdentry *entry)
{
	return entry->item->fd;
}

struct fdstore *
fdstore_new(struct fdpool *pool)
{
	struct fdstore *store = calloc(1, sizeof(*store));

	if (store == NULL)
		return NULL;
	store->pool = pool;
	return store;
}

void
fdstore_free(struct fdstore *store)
{
	if (store == NULL)
		return;
	fdstore_clear(store);
	free(store);
}

/* FOR A SUCCESSOR */

json_t *
fdstore_save(const struct fdstore *store)
{
	json_t *list = json_array();
	struct fdentry *entry;
	size_t i;

	for (i = 0; i < store->count; i++) {
		entry = store->entries[i];
		if (entry->saved == NULL)
			entry->saved = json_pack("{sI ss sb}", "id",
			    (json_int_t)entry->item->id, "name", entry->name,
			    "watched", (int)entry->watched);
		json_array_append(list, entry->saved);
	}
	return list;
}

/* -1 with ENOMEM; an entry without a descriptor is skipped. */
static int
restore_entry(struct fdstore *store, json_t *saved,
    int (*take)(unsigned int id, void *arg), void *arg)
{
	struct fditem *item;
	const char *name;
	json_int_t id;
	int watched, fd;

	if (json_unpack(saved, "{sI ss sb}", "id", &id, "name", &name,
		"watched", &watched) == -1)
		return 0;
	item = find_id(store->pool, (unsigned int)id);
	if (item == NULL) {
		if ((fd = take((unsigned int)id, arg)) == -1)
			return 0;
		item = item_new(store->pool, (unsigned int)id, fd);
	}
	return item != NULL ? entry_add(store, item, name, watched) : -1;
}

int
fdstore_restore(struct fdstore *store, const json_t *saved,
    int (*take)(unsigned int id, void *arg), void *arg)
{
	json_t *object;
	size_t i;

	json_array_foreach (saved, i, object)
		if (restore_entry(store, object, take, arg) == -1)
			return -1;
	return 0;
}

/* THE POOL */

/* The item is freed with its last entry. */
static void
forget_hung_up(struct fditem *item)
{
	struct fdentry *entry, *next;
	struct fdstore *store;
	size_t i;

	item_unpoll(item); /* a store that does not watch may keep it */
	for (entry = LIST_FIRST(&item->entries); entry != NULL; entry = next) {
		next = LIST_NEXT(entry, others);
		store = entry->store;
		for (i = store->count; entry->watched && i > 0; i--)
			if (store->entries[i - 1] == entry)
				break;
		if (entry->watched)
			entry_remove(store, i - 1);
	}
}

static void
on_hang_up(evutil_socket_t fd, short what, void *arg)
{
	struct epoll_event events[BURST];
	struct fdpool *pool = arg;
	int n, i;

	n = epoll_wait(pool->epoll, events, BURST, 0);
	for (i = 0; i < n; i++)
		forget_hung_up(events[i].data.ptr);
	if (n > 0)
		pool->events->hung_up(pool->arg);
}

struct fdpool *
fdpool_new(
    struct event_base *base, const struct fdpool_events *events, void *arg)
{
	struct fdpool *pool = calloc(1, sizeof(*pool));

	if (pool == NULL)
		return NULL;
	pool->events = events;
	pool->arg = arg;
	pool->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (pool->epoll != -1)
		pool->event = event_new(
		    base, pool->epoll, EV_READ | EV_PERSIST, on_hang_up, pool);
	if (pool->event != NULL && event_add(pool->event, NULL) == 0)
		return pool;
	fdpool_free(pool);
	return NULL;
}

void
fdpool_free(struct fdpool *pool)
{
	if (pool == NULL)
		return;
	if (pool->event != NULL)
		event_free(pool->event);
	fd_close(&pool->epoll);
	free(pool);
}
