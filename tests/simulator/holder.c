/* SPDX-License-Identifier: ISC */
/*
 * The keeper (keep/store.h): it holds descriptors by name, and reports the ends
 * of its children.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "keep/store.h"
#include "world.h"

struct store {
	int channel;
};

static struct held_item *
find(const char *name)
{
	struct held_item *item;

	for (item = W->kernel.held; item < W->kernel.held + HELD; item++)
		if (item->object != -1 && strcmp(item->name, name) == 0)
			return item;
	return NULL;
}

/* What is held is given to each supervisor at its start. */
struct store *
store_open(void)
{
	struct store *store = calloc(1, sizeof(*store));
	struct held_item *item;

	if (store == NULL)
		return NULL;
	for (item = W->kernel.held; item < W->kernel.held + HELD; item++) {
		item->given = item->object != -1;
		item->used = false;
	}
	store->channel = fd_new(object_new(CHANNEL));
	return store;
}

void
store_close(struct store *store)
{
	if (store != NULL)
		fd_close(&store->channel);
	free(store);
}

bool
store_has_keeper(const struct store *store)
{
	return true;
}

pid_t
store_keeper(const struct store *store)
{
	return KEEPER_PID;
}

bool
store_is_offered(void)
{
	return false;
}

int
store_dup(struct store *store, const char *name)
{
	struct held_item *item = find(name);

	step("dup");
	if (item == NULL || !item->given) {
		errno = ENOENT;
		return -1;
	}
	item->used = true;
	object_ref(item->object);
	return fd_new(item->object);
}

int
store_take(struct store *store, const char *name)
{
	struct held_item *item = find(name);
	int fd;

	if ((fd = store_dup(store, name)) != -1 && item != NULL)
		item->given = false;
	return fd;
}

int
store_give(struct store *store, const char *name, int fd)
{
	errno = EEXIST;
	return -1;
}

int
store_save(const struct store *store, json_t *into)
{
	return 0;
}

json_t *
store_saved(const json_t *from)
{
	return json_object();
}

static void
drop(struct held_item *item)
{
	int object = item->object;

	item->object = -1;
	object_unref(object);
}

int
holder_put(const char *name, int fd)
{
	struct held_item *item;
	int object = fd_object(fd);

	if (object == -1)
		return -1;
	object_ref(object);
	if ((item = find(name)) != NULL)
		drop(item);
	for (item = W->kernel.held; item->object != -1; item++)
		if (item == W->kernel.held + HELD - 1)
			broken("simulator", "the keeper holds too much");
	snprintf(item->name, sizeof(item->name), "%s", name);
	item->object = object;
	item->given = item->used = false;
	return 0;
}

int
store_put(struct store *store, const char *name, int fd)
{
	step("sendmsg");
	return holder_put(name, fd);
}

int
store_remove(struct store *store, const char *name)
{
	struct held_item *item = find(name);

	step("sendmsg");
	if (item != NULL)
		drop(item);
	return 0;
}

void
store_sift(struct store *store, const char *spared)
{
	struct held_item *item;

	for (item = W->kernel.held; item < W->kernel.held + HELD; item++) {
		if (item->object == -1 || !item->given || item->used)
			continue;
		step("sendmsg");
		if (strncmp(item->name, spared, strlen(spared)) != 0 &&
		    object_at(item->object)->kind == SOCKET)
			socket_leave(item->object);
		drop(item);
	}
}

void
store_end(struct store *store)
{
}

int
store_execute(struct store *store, int exe, int otherwise)
{
	fd_close(&exe);
	fd_close(&otherwise);
	errno = ENOTSUP;
	return -1;
}

bool
store_is_systemds(const struct store *store)
{
	return false;
}

int
store_sync(struct store *store)
{
	step("poll");
	return 0;
}

int
store_say(struct store *store, const char *text)
{
	step("send");
	W->kernel.stopping |= strcmp(text, "STOPPING=1") == 0;
	return 0;
}

int
store_notify(struct store *store, const char *text)
{
	return 0;
}

int
store_passed(struct store *store, size_t i, char name[static STORE_NAME])
{
	errno = ENOENT;
	return -1;
}

int
store_fd(const struct store *store)
{
	return store->channel;
}

enum store_news
store_read(struct store *store, struct store_message *message)
{
	struct kernel *k = &W->kernel;
	int i;

	step("recv");
	for (i = 0; i < k->nreports; i++)
		if (k->reports[i].us <= W->now_us)
			break;
	if (i == k->nreports)
		return STORE_NOTHING;
	message->pid = k->reports[i].pid;
	message->status = k->reports[i].status;
	memmove(k->reports + i, k->reports + i + 1,
	    (size_t)(--k->nreports - i) * sizeof(k->reports[0]));
	return STORE_EXITED;
}
