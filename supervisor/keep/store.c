/* SPDX-License-Identifier: ISC */
/*
 * The store upward: the client side of sd_notify(3)'s descriptor store.
 */
#include "keep/store.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/await.h"
#include "base/fd.h"
#include "base/foreign.h"
#include "base/sockopt.h"
#include "keep/fdset.h"
#include "keep/keeper.h"
#include "keep/ledger.h"
#include "keep/systemd_store.h"
#include "keep/upward.h"

#define WAIT_MS	   1000 /* for the holder, which should answer at once */
#define NOTIFY_MAX 4096 /* bytes of a message to the service manager */

struct store {
	struct fdset given;
	int sock; /* -1: nobody holds descriptors */
	bool keeper;
	pid_t keeper_pid; /* the keeper may be dead; 0: there was none */
	struct systemd_store *systemd; /* NULL: it is not systemd that holds */
	struct ledger numbers;	       /* see store_save */
	json_t *owed; /* names that the keeper has not been told to give up */
};

static void
set_patience(int sock)
{
	const struct timeval patience = { WAIT_MS / 1000, 0 };

	setsockopt(sock, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
}

bool
store_is_offered(void)
{
	return upward_store_max() > 0;
}

/*
 * The keeper made the pair; after its death getppid(2) is another process, but
 * a service whose keeper has another PID in `status` is better than none.
 */
static pid_t
peer_of(int sock)
{
	struct ucred peer = { 0 };
	socklen_t len = sizeof(peer);

	return getsockopt(sock, SOL_SOCKET, SO_PEERCRED, &peer, &len) == 0
	    ? peer.pid
	    : getppid();
}

/* Find the holder, and name what it has held.  -1 with errno. */
static int
find_holder(struct store *store)
{
	unsigned int max = upward_store_max();

	store->sock = fdset_take(&store->given, KEEPER_CHANNEL);
	store->keeper = store->sock != -1;
	if (store->keeper) {
		store->keeper_pid = peer_of(store->sock);
		set_patience(store->sock);
		return 0;
	}
	store->sock = upward_open();
	if (store->sock == -1 || max == 0)
		return systemd_store_name_passed(&store->given);
	store->systemd = systemd_store_open(store->sock, max, &store->given);
	return store->systemd != NULL ? 0 : -1;
}

struct store *
store_open(void)
{
	struct store *store = calloc(1, sizeof(*store));
	int error;

	if (store == NULL)
		return NULL;
	store->sock = -1;
	if ((store->owed = json_object()) != NULL &&
	    ledger_init(&store->numbers) == 0 &&
	    fdset_receive(&store->given) == 0 && find_holder(store) == 0)
		return store;
	error = errno;
	store_close(store);
	errno = error;
	return NULL;
}

void
store_close(struct store *store)
{
	if (store == NULL)
		return;
	fdset_fini(&store->given);
	systemd_store_close(store->systemd);
	fd_close(&store->sock);
	ledger_fini(&store->numbers);
	json_decref(store->owed);
	free(store);
}

pid_t
store_keeper(const struct store *store)
{
	return store->keeper_pid;
}

bool
store_has_keeper(const struct store *store)
{
	return store->keeper;
}

int
store_save(const struct store *store, json_t *into)
{
	return ledger_save(&store->numbers, into, "held", "held-more");
}

json_t *
store_saved(const json_t *from)
{
	return ledger_load(from, "held", "held-more");
}

/* Returns fd. */
static int
note(struct store *store, const char *name, int fd)
{
	if (fd != -1)
		ledger_set(&store->numbers, name, json_integer(fd));
	return fd;
}

int
store_take(struct store *store, const char *name)
{
	return note(store, name, fdset_take(&store->given, name));
}

int
store_dup(struct store *store, const char *name)
{
	return note(store, name, fdset_dup(&store->given, name));
}

static int
say(struct store *store, const char *text, const int *fds, size_t n)
{
	if (!store->keeper && store->systemd == NULL)
		return 0;
	return fd_send(store->sock, text, strlen(text), fds, n) == -1 ? -1 : 0;
}

static int
say_remove(struct store *store, const char *name)
{
	char text[KEEPER_NAME_MAX + 64];

	snprintf(text, sizeof(text), "FDSTOREREMOVE=1\nFDNAME=%s", name);
	return say(store, text, NULL, 0);
}

static void
say_owed(struct store *store)
{
	const char *name;
	json_t *unused;
	void *next;

	json_object_foreach_safe(store->owed, next, name, unused)
	{
		if (say_remove(store, name) == -1)
			return;
		json_object_del(store->owed, name);
	}
}

int
store_put(struct store *store, const char *name, int fd)
{
	char text[KEEPER_NAME_MAX + 64];

	say_owed(store);
	note(store, name, fd);
	/*
	 * A descriptor that was given under this name is replaced, and
	 * store_sift must not shut it down.
	 */
	if (fdset_has(&store->given, name))
		fdset_remove(&store->given, name);
	if (store->systemd != NULL)
		return systemd_store_put(store->systemd, name, fd);
	/* FDPOLL=0: descriptors with an error or a hang-up are kept too. */
	snprintf(text, sizeof(text), "FDSTORE=1\nFDPOLL=0\nFDNAME=%s", name);
	return say(store, text, &fd, 1);
}

int
store_remove(struct store *store, const char *name)
{
	ledger_remove(&store->numbers, name);
	if (store->systemd != NULL)
		return systemd_store_remove(store->systemd, name);
	say_owed(store);
	if (say_remove(store, name) == 0)
		return 0;
	json_object_set_new(store->owed, name, json_null());
	return -1;
}

const char *
store_name(const struct store *store, const char *beginning, int fd)
{
	return ledger_find(&store->numbers, beginning, fd);
}

int
store_give(struct store *store, const char *name, int fd)
{
	if (fdset_has(&store->given, name))
		errno = EEXIST;
	else if (store_put(store, name, fd) == 0 &&
	    fdset_put(&store->given, name, fd) == 0)
		return 0;
	foreign_close(&fd);
	return -1;
}

/*
 * A program may still have this socket, and must get no connection that nobody
 * steers.  Unix sockets are spared, because only a TCP socket can listen again
 * after shutdown(2).
 */
static void
silence(int fd)
{
	if (sockopt_get(fd, SOL_SOCKET, SO_DOMAIN) != AF_UNIX &&
	    sockopt_is_set(fd, SOL_SOCKET, SO_ACCEPTCONN))
		shutdown(fd, SHUT_RDWR);
}

/* A socket of a .socket unit belongs to systemd as well. */
static bool
is_passed(const struct fdset_item *item)
{
	return strncmp(item->name, SYSTEMD_STORE_PASSED,
		   strlen(SYSTEMD_STORE_PASSED)) == 0;
}

int
store_passed(struct store *store, size_t i, char name[static STORE_NAME])
{
	struct fdset_item *item = store->given.items;
	unsigned long number;
	char *end;
	size_t n;

	for (n = store->given.n; n > 0; n--, item++) {
		if (!is_passed(item))
			continue;
		number = strtoul(
		    item->name + strlen(SYSTEMD_STORE_PASSED), &end, 10);
		if (number != i)
			continue;
		strlcpy(name, end + 1, STORE_NAME);
		return store_dup(store, item->name);
	}
	errno = ENOENT;
	return -1;
}

void
store_sift(struct store *store, const char *spared)
{
	struct fdset_item *item = store->given.items;
	size_t i;

	for (i = 0; i < store->given.n; i++, item++) {
		if (item->used)
			continue;
		if (strncmp(item->name, spared, strlen(spared)) != 0 &&
		    !is_passed(item))
			silence(item->fd);
		store_remove(store, item->name);
	}
	store_sync(store);
	fdset_fini(&store->given);
}

int
store_say(struct store *store, const char *text)
{
	return store->keeper ? say(store, text, NULL, 0) : 0;
}

int
store_notify(struct store *store, const char *text)
{
	char packed[NOTIFY_MAX];

	if (store->sock == -1)
		return 0;
	/* systemd accepts messages of the main process, the keeper. */
	snprintf(packed, sizeof(packed), "%s%s",
	    store->keeper ? KEEPER_UPWARD : "", text);
	return fd_send(store->sock, packed, strlen(packed), NULL, 0) == -1 ? -1
									   : 0;
}

int
store_sync(struct store *store)
{
	struct pollfd end = { .events = 0 };
	int ends[2], result;

	if (!store->keeper && store->systemd == NULL)
		return 0;
	say_owed(store);
	if (pipe2(ends, O_CLOEXEC) == -1)
		return -1;
	result = say(store, "BARRIER=1", &ends[1], 1);
	fd_close(&ends[1]);
	end.fd = ends[0];
	/* The pipe hangs up when the receiver has closed its other end. */
	if (result == 0 && poll(&end, 1, WAIT_MS) != 1)
		result = await_child(getppid(), ends[0], true);
	fd_close(&ends[0]);
	return result;
}

void
store_end(struct store *store)
{
	if (store->systemd != NULL)
		systemd_store_empty(store->systemd);
}

bool
store_is_systemds(const struct store *store)
{
	return store->systemd != NULL;
}

int
store_execute(struct store *store, int exe, int otherwise)
{
	if (store->systemd != NULL)
		return systemd_store_execute(store->systemd, exe, otherwise);
	fd_close(&exe);
	fd_close(&otherwise);
	errno = ENOTSUP;
	return -1;
}

int
store_fd(const struct store *store)
{
	return store->keeper ? store->sock : -1;
}

static enum store_news
read_message(const char *text, struct store_message *message)
{
	unsigned long long dev, ino;

	if (sscanf(text, "X_EXITED=%d %d", &message->pid, &message->status) ==
	    2)
		return STORE_EXITED;
	if (sscanf(text, "X_REEXEC_FAILED=%255[^\n]", message->reason) == 1)
		return STORE_SETBACK;
	if (sscanf(text, "X_KEEPER=%llu %llu", &dev, &ino) != 2)
		return STORE_NOTHING;
	message->dev = (dev_t)dev;
	message->ino = (ino_t)ino;
	return STORE_PROGRAM;
}

enum store_news
store_read(struct store *store, struct store_message *message)
{
	char text[512];
	ssize_t n;

	do
		n = recv(store->sock, text, sizeof(text) - 1, MSG_DONTWAIT);
	while (n == -1 && errno == EINTR);
	/* An error that is not the channel's is no end: read again later. */
	if (n == -1 && errno != ECONNRESET && errno != ENOTCONN)
		return STORE_NOTHING;
	if (n <= 0) {
		fd_close(&store->sock);
		store->keeper = false;
		return STORE_ENDED;
	}
	text[n] = '\0';
	return read_message(text, message);
}
