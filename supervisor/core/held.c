/* SPDX-License-Identifier: ISC */
/*
 * Descriptors are held as NAME.NUMBER, a listener's socket by its cookie.
 */
#include "core/held.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "core/service.h"
#include "core/state.h"
#include "keep/store.h"
#include "process/reaper.h"
#include "traffic/holder.h"

#define SOCKET "socket"

struct held {
	held_told *told;
	struct store *store;
	struct holder holder;
	struct event *news; /* messages of the keeper */
};

static void
name_it(char buf[static KEEPER_NAME_MAX], const char *name, uint64_t number)
{
	snprintf(
	    buf, KEEPER_NAME_MAX, "%s.%llu", name, (unsigned long long)number);
}

void
held_put(struct service *service, const char *name, unsigned int number, int fd)
{
	char text[KEEPER_NAME_MAX];

	name_it(text, name, number);
	if (fd != -1 && store_put(service->held->store, text, fd) == -1)
		log_warn(
		    "the descriptor %s is not held for a successor: %s; it "
		    "is lost if the supervisor ends",
		    text, strerror(errno));
}

void
held_remove(struct service *service, const char *name, unsigned int number)
{
	char text[KEEPER_NAME_MAX];

	name_it(text, name, number);
	store_remove(service->held->store, text);
}

int
held_take(struct service *service, const char *name, unsigned int number)
{
	char text[KEEPER_NAME_MAX];

	name_it(text, name, number);
	return store_take(service->held->store, text);
}

/* THE LISTENERS' SOCKETS */

void
held_name_socket(char buf[static KEEPER_NAME_MAX], uint64_t cookie)
{
	name_it(buf, SOCKET, cookie);
}

bool
held_has(struct service *service, const char *name, unsigned int number)
{
	char text[KEEPER_NAME_MAX];
	int fd;

	name_it(text, name, number);
	if ((fd = store_dup(service->held->store, text)) == -1)
		return false;
	fd_close(&fd);
	return true;
}

static int
hold_socket(uint64_t cookie, int fd, void *arg)
{
	struct service *service = arg;
	char text[KEEPER_NAME_MAX];

	held_name_socket(text, cookie);
	return store_put(service->held->store, text, fd);
}

static void
release_socket(uint64_t cookie, int fd, bool wait, void *arg)
{
	struct service *service = arg;
	char text[KEEPER_NAME_MAX];
	const char *name = cookie == 0
	    ? store_name(service->held->store, SOCKET ".", fd)
	    : NULL;

	held_name_socket(text, cookie);
	if (name != NULL)
		strlcpy(text, name, sizeof(text));
	store_remove(service->held->store, text);
	if (wait && store_sync(service->held->store) == -1)
		log_warn("the descriptor %s may still be held: %s", text,
		    strerror(errno));
}

static void
commit_sockets(void *arg)
{
	state_commit(arg);
}

static void
sockets_changed(void *arg)
{
	state_changed(arg);
}

const struct holder *
held_holder(struct service *service)
{
	return &service->held->holder;
}

int
held_socket(uint64_t cookie, void *arg)
{
	struct service *service = arg;
	char text[KEEPER_NAME_MAX];

	held_name_socket(text, cookie);
	return store_dup(service->held->store, text);
}

/* THE KEEPER */

static void
hear_keeper(evutil_socket_t fd, short what, void *arg)
{
	struct service *service = arg;
	struct held *held = service->held;
	struct store_message message;
	enum store_news news;

	while ((news = store_read(held->store, &message)) != STORE_NOTHING &&
	    news != STORE_ENDED) {
		if (news == STORE_EXITED)
			reaper_told(message.pid, message.status);
		else
			held->told(service, news, &message);
	}
	if (news != STORE_ENDED)
		return;
	event_del(held->news);
	reaper_set_keeper(false);
	log_error("the keeper has ended: the service goes on, but nobody "
		  "starts process %d again if it ends; the command that "
		  "started the service, `hotswap run` or `start`, takes it "
		  "over as it is",
	    getpid());
	held->told(service, news, &message);
}

static void
watch_keeper(struct service *service)
{
	struct held *held = service->held;
	int fd = store_fd(held->store);

	if (fd == -1)
		return;
	held->news = event_new(
	    service->base, fd, EV_READ | EV_PERSIST, hear_keeper, service);
	if (held->news == NULL || event_add(held->news, NULL) == -1)
		log_error("the keeper cannot be watched: %s; nobody will tell "
			  "if it ends",
		    strerror(errno));
}

void
held_settle(struct service *service, held_told *told)
{
	service->held->told = told;
	store_sift(service->held->store, HELD_STORED ".");
	watch_keeper(service);
}

/*
 * With Yama, that process alone may inspect this one from here on.  Without
 * Yama the call fails, and is not needed.
 */
int
held_admit(struct service *service, pid_t pid)
{
	if (held_by(service)[0] != '\0') {
		errno = EBUSY;
		return -1;
	}
	prctl(PR_SET_PTRACER, (unsigned long)pid, 0, 0, 0);
	return 0;
}

struct store *
held_store(struct service *service)
{
	return service->held->store;
}

pid_t
held_pid(const struct service *service)
{
	return store_has_keeper(service->held->store)
	    ? store_keeper(service->held->store)
	    : getpid();
}

const char *
held_by(const struct service *service)
{
	const struct store *store = service->held->store;

	if (store_has_keeper(store))
		return "keeper";
	return store_is_systemds(store) ? "systemd" : "";
}

int
held_open(struct service *service)
{
	struct held *held = calloc(1, sizeof(*held));

	if (held == NULL || (held->store = store_open()) == NULL) {
		free(held);
		return -1;
	}
	held->holder = (struct holder){ hold_socket, release_socket,
		commit_sockets, sockets_changed, service };
	reaper_set_keeper(store_has_keeper(held->store));
	service->held = held;
	return 0;
}

void
held_close(struct service *service)
{
	struct held *held = service->held;

	if (held == NULL)
		return;
	if (held->news != NULL)
		event_free(held->news);
	store_end(held->store);
	store_close(held->store);
	free(held);
	service->held = NULL;
}
