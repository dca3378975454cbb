/* SPDX-License-Identifier: ISC */
/*
 * Notifications with descriptors of every kind, sent to the real socket, and
 * what is stored of them.  Nothing that is released stays open.
 */
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/pace.h"
#include "descriptors.h"
#include "fuzz.h"
#include "process/fdstore.h"
#include "process/notify.h"

#define STORE_MAX 16

static struct event_base *base;
static struct notify *notify;
static struct fdpool *pool;
static struct fdstore *store, *other;
static int client;
static unsigned int stored; /* as the pool reports it */

/* In place of base/pace.c: everything is allowed here. */
bool
pace_allows(struct pace *pace, unsigned int most, unsigned int span_ms)
{
	return true;
}

int64_t
share_clock_usec(void)
{
	return 0;
}

unsigned int
share_use(struct share *share, int64_t usec)
{
	return 0;
}

static void
added(unsigned int id, int fd, void *arg)
{
	stored++;
}

static void
removed(unsigned int id, void *arg)
{
	stored--;
}

static void
hung_up(void *arg)
{
}

static const struct fdpool_events events = { added, removed, hung_up };

/* As in generation/stored.c. */
static void
told(const struct notify_message *message, void *arg)
{
	const char *name = message->fd_name != NULL ? message->fd_name : "x";
	size_t i;

	FUZZ_EXPECT(message->nfds <= FD_PASS_MAX);
	FUZZ_EXPECT(message->sender == getpid());
	if (message->store_remove)
		fdstore_remove(store, name);
	for (i = 0;
	     message->store && !message->store_remove && i < message->nfds;
	     i++) {
		fdstore_put(store, name, message->fds[i],
		    !message->keep_hung_up, STORE_MAX);
		message->fds[i] = -1;
	}
	if (message->reloading)
		FUZZ_EXPECT(fdstore_copy(other, store) == 0);
	FUZZ_EXPECT(fdstore_count(store) <= STORE_MAX);
}

/* One for each input, since senders of refused descriptors are cut off. */
static void
open_notify(void)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	char path[64];

	snprintf(path, sizeof(path), "/tmp/descriptors_fuzz.%d", getpid());
	notify = notify_new(base, path, getuid(), getgid(), -1, told, NULL);
	FUZZ_EXPECT(notify != NULL);
	strlcpy(un.sun_path, path, sizeof(un.sun_path));
	client = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	FUZZ_EXPECT(connect(client, (struct sockaddr *)&un, sizeof(un)) == 0);
}

static void
set_up(void)
{
	base = event_base_new();
	FUZZ_EXPECT(base != NULL);
	pool = fdpool_new(base, &events, NULL);
	store = fdstore_new(pool);
	other = fdstore_new(pool);
	FUZZ_EXPECT(pool != NULL && store != NULL && other != NULL);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_message message;
	size_t first;

	if (base == NULL)
		set_up();
	first = fuzz_open();
	open_notify();
	while (fuzz_next(&message, &data, &size)) {
		fd_send(
		    client, message.data, message.len, message.fds, message.n);
		fuzz_close(&message);
		notify_listen(notify);
		if (message.what & 1)
			event_base_loop(base, EVLOOP_NONBLOCK);
	}
	json_decref(fdstore_save(store));
	fdstore_clear(store);
	fdstore_clear(other);
	fd_close(&client);
	notify_free(notify);
	FUZZ_EXPECT(stored == 0);
	FUZZ_EXPECT(fuzz_comes_down_to(first));
	return 0;
}
