/* SPDX-License-Identifier: ISC */
/*
 * Finding idle connections by socket diagnosis, and ending one of them after a
 * second look at the socket itself.
 */
#include "traffic/idle.h"

#include <errno.h>
#include <linux/sockios.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/param.h>
#include <sys/socket.h>
#include <unistd.h>

struct list {
	struct idle_connection *items;
	size_t n;
	size_t size;
};

struct search {
	const struct idle_memory *memory;
	struct list seen;
	struct list idle;
	bool failed; /* out of memory */
};

static uint32_t
silent_ms(const struct activity *activity)
{
	return MIN(activity->sent_ms, activity->received_ms);
}

bool
idle_is(const struct activity *activity, bool answered, unsigned int unread,
    unsigned int unacked)
{
	uint32_t sent = activity->sent_ms, received = activity->received_ms;

	if (!activity->established || unread > 0 || unacked > 0 ||
	    activity->in_flight > 0 || silent_ms(activity) < IDLE_MS)
		return false;
	if (sent != received)
		return sent < received;
	return activity->acked_ms < received || answered || sent >= IDLE_TIE_MS;
}

static int
append(struct list *list, const struct idle_connection *one)
{
	struct idle_connection *more;
	size_t size;

	if (list->n == list->size) {
		size = 2 * list->size;
		more = reallocarray(list->items, size, sizeof(*more));
		if (more == NULL)
			return -1;
		list->items = more;
		list->size = size;
	}
	list->items[list->n++] = *one;
	return 0;
}

static int
by_cookie(const void *a, const void *b)
{
	const struct idle_connection *x = a, *y = b;

	return (x->cookie > y->cookie) - (x->cookie < y->cookie);
}

static int
longest_first(const void *a, const void *b)
{
	const struct idle_connection *x = a, *y = b;

	return (x->silent_ms < y->silent_ms) - (x->silent_ms > y->silent_ms);
}

/*
 * Compare with what was seen before.  While something may still happen, what
 * was before it is kept.
 */
static void
remember(const struct idle_memory *memory, const struct activity *activity,
    struct idle_connection *one)
{
	const struct idle_connection *before = NULL;

	if (memory->n > 0)
		before = bsearch(
		    one, memory->seen, memory->n, sizeof(*one), by_cookie);
	one->data_in = activity->data_in;
	one->bare_out = activity->bare_out;
	if (before == NULL)
		return;
	if (activity->data_in == before->data_in) {
		one->answered = before->answered;
	} else if (silent_ms(activity) < IDLE_MS) {
		one->data_in = before->data_in;
		one->bare_out = before->bare_out;
	} else {
		one->answered = activity->bare_out == before->bare_out;
	}
}

static void
take(const struct drain_connection *connection, void *arg)
{
	const struct inet_diag_msg *socket = connection->socket;
	const struct activity *activity = connection->activity;
	const __u32 *half = socket->id.idiag_cookie;
	struct search *search = arg;
	struct idle_connection one = {
		.pid = connection->pid,
		.number = connection->number,
		.cookie = (uint64_t)half[1] << 32 | half[0],
		.silent_ms = silent_ms(activity),
	};

	if (search->memory != NULL) {
		remember(search->memory, activity, &one);
		if (append(&search->seen, &one) == -1)
			search->failed = true;
	}
	if (idle_is(activity, one.answered, socket->idiag_rqueue,
		socket->idiag_wqueue) &&
	    append(&search->idle, &one) == -1)
		search->failed = true;
}

static int
list_init(struct list *list)
{
	list->size = 64;
	list->items = calloc(list->size, sizeof(*list->items));
	return list->items != NULL ? 0 : -1;
}

struct idle_connection *
idle_find(struct idle_memory *memory, const struct drain_set *set,
    const struct address *addresses, size_t n, size_t *found)
{
	struct search search = { .memory = memory };

	if (list_init(&search.seen) == -1 || list_init(&search.idle) == -1 ||
	    drain_each(set, addresses, n, take, &search) == -1)
		goto fail;
	if (search.failed) {
		errno = ENOMEM;
		goto fail;
	}
	qsort(search.idle.items, search.idle.n, sizeof(*search.idle.items),
	    longest_first);
	qsort(search.seen.items, search.seen.n, sizeof(*search.seen.items),
	    by_cookie);
	if (memory != NULL) {
		free(memory->seen);
		memory->seen = search.seen.items;
		memory->n = search.seen.n;
	} else {
		free(search.seen.items);
	}
	*found = search.idle.n;
	return search.idle.items;
fail:
	free(search.seen.items);
	free(search.idle.items);
	return NULL;
}

void
idle_forget(struct idle_memory *memory)
{
	free(memory->seen);
	*memory = (struct idle_memory){ 0 };
}

/* Is fd the connection, and still idle?  1 or 0; -1 with errno. */
static int
is_still_idle(int fd, const struct idle_connection *connection)
{
	struct activity activity;
	uint64_t cookie = 0;
	socklen_t len = sizeof(cookie);
	int unread = 0, unacked = 0;

	if (getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &len) == -1)
		return -1;
	if (cookie != connection->cookie)
		return 0;
	if (activity_ask(fd, &activity) == -1 ||
	    ioctl(fd, SIOCINQ, &unread) == -1 ||
	    ioctl(fd, SIOCOUTQ, &unacked) == -1)
		return -1;
	return idle_is(&activity,
	    connection->answered && activity.data_in == connection->data_in,
	    (unsigned int)unread, (unsigned int)unacked);
}

int
idle_end(int *fd, const struct idle_connection *connection)
{
	int r = is_still_idle(*fd, connection), error = errno;

	/* A client that has gone meanwhile is no failure. */
	if (r == 1 && shutdown(*fd, SHUT_RD) == -1 && errno != ENOTCONN) {
		error = errno;
		r = -1;
	}
	close(*fd);
	*fd = -1;
	errno = error;
	return r;
}
