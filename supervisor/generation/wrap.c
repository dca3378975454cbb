/* SPDX-License-Identifier: ISC */
/*
 * The shim around a generation's program.  With seccomp each start has its own
 * filter, whose notifications are served until the last process under it has
 * ended; with preload one socket serves the whole generation.
 */
#include "generation/wrap.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <unistd.h>

#include "announce.h"
#include "base/fd.h"
#include "base/log.h"
#include "core/held.h"
#include "core/owner.h"
#include "core/service.h"
#include "core/state.h"
#include "filter.h"
#include "generation/backend.h"
#include "generation/binding.h"
#include "generation/reach.h"
#include "generation/roster.h"
#include "generation/wrap_fields.h"
#include "process/call_log.h"
#include "process/intercept.h"
#include "process/parts.h"

/* The name under which descriptors are held. */
const char *
wrap_tap_name(const struct wrap *wrap, char buf[static WRAP_NAME])
{
	snprintf(buf, WRAP_NAME, "tap-%u", wrap->generation->number);
	return buf;
}

const char *
wrap_call_log_name(const struct wrap *wrap, char buf[static WRAP_NAME])
{
	snprintf(buf, WRAP_NAME, "calls-%u", wrap->generation->number);
	return buf;
}

/* The tap is no longer in the list. */
static void
tap_release(struct tap *tap)
{
	struct service *service = tap->wrap->generation->service;
	char name[WRAP_NAME];

	held_remove(service, wrap_tap_name(tap->wrap, name), tap->serial);
	if (tap->wrap->choice.backend == SHIM_SECCOMP)
		held_remove(
		    service, wrap_call_log_name(tap->wrap, name), tap->serial);
	intercept_free(tap->intercept);
	free(tap);
}

static void
tap_free(struct tap *tap)
{
	int saved = errno;

	LIST_REMOVE(tap, entry);
	tap_release(tap);
	errno = saved;
}

static void
on_call(struct intercept_call *call, void *arg)
{
	bindings_decide(((struct tap *)arg)->wrap->bindings, call);
}

static bool
on_connect(void *arg)
{
	return bindings_serve_all(((struct tap *)arg)->wrap->bindings);
}

static void
on_missed(enum intercept_kind kind, pid_t pid, int error, void *arg)
{
	struct wrap *wrap = ((struct tap *)arg)->wrap;

	if (wrap->warned)
		return;
	wrap->warned = true;
	log_warn("generation %u: process %d cannot be looked into (%s): "
		 "hotswap does not see what it binds",
	    wrap->generation->number, pid, strerror(error));
}

static void
on_gone(void *arg)
{
	struct tap *tap = arg;

	LIST_REMOVE(tap, entry);
	/* A successor that misses a tap of the list calls the wrap deaf. */
	state_commit(tap->wrap->generation->service);
	tap_release(tap);
}

static const struct intercept_handler handler = {
	.call = on_call,
	.passes = on_connect,
	.missed = on_missed,
	.gone = on_gone,
};

static struct tap *
tap_new(struct wrap *wrap)
{
	struct tap *tap = calloc(1, sizeof(*tap));

	if (tap == NULL)
		return NULL;
	tap->wrap = wrap;
	tap->serial = wrap->serial++;
	LIST_INSERT_HEAD(&wrap->taps, tap, entry);
	return tap;
}

/*
 * *Steals* both, which may be -1 with errno.  Both are held for a successor
 * before the first call arrives: without a notification descriptor calls would
 * fail for ever, and without a call log a call that was received would wait for
 * ever.
 */
int
wrap_serve_seccomp(struct wrap *wrap, int fd, int call_log)
{
	struct service *service = wrap->generation->service;
	struct tap *tap = NULL;
	char name[WRAP_NAME];

	if (fd == -1 || call_log == -1 || (tap = tap_new(wrap)) == NULL) {
		fd_close(&fd);
		fd_close(&call_log);
		return -1;
	}
	held_put(
	    service, wrap_call_log_name(wrap, name), tap->serial, call_log);
	held_put(service, wrap_tap_name(wrap, name), tap->serial, fd);
	tap->intercept =
	    intercept_seccomp_new(service->base, fd, call_log, &handler, tap);
	if (tap->intercept != NULL)
		return 0;
	tap_free(tap);
	return -1;
}

/* *Steals* fd, which is held too, so that calls wait in it for a successor. */
static int
serve_preload(struct wrap *wrap, int fd)
{
	struct service *service = wrap->generation->service;
	struct tap *tap = NULL;
	char name[WRAP_NAME];

	if (fd == -1 || (tap = tap_new(wrap)) == NULL) {
		fd_close(&fd);
		return -1;
	}
	held_put(service, wrap_tap_name(wrap, name), tap->serial, fd);
	tap->intercept =
	    intercept_preload_new(service->base, fd, &handler, tap);
	if (tap->intercept != NULL)
		return 0;
	tap_free(tap);
	return -1;
}

static int
open_preload(struct wrap *wrap)
{
	struct service *service = wrap->generation->service;
	char name[WRAP_NAME];
	uid_t uid;
	gid_t gid;
	int fd;

	if (wrap->choice.backend != SHIM_PRELOAD)
		return 0;
	backend_path(wrap->generation, wrap->path);
	/* The program knows the path of a predecessor's socket already. */
	fd = held_take(service, wrap_tap_name(wrap, name), wrap->serial);
	if (fd == -1) {
		fd = owner_ids(wrap->generation->image, &uid, &gid) == 0
		    ? intercept_preload_listen(wrap->path, uid, gid)
		    : -1;
	}
	return serve_preload(wrap, fd);
}

const char *
wrap_path(const struct wrap *wrap)
{
	return wrap != NULL && wrap->path[0] != '\0' ? wrap->path : NULL;
}

int
wrap_renew(struct wrap *wrap)
{
	struct tap *tap;

	if (!wrap_is_idle(wrap)) {
		errno = EAGAIN;
		return -1;
	}
	while ((tap = LIST_FIRST(&wrap->taps)) != NULL)
		tap_free(tap);
	/* A successor looks for the first number. */
	wrap->serial = 0;
	return open_preload(wrap);
}

struct wrap *
wrap_new(struct generation *generation, char *why, size_t size)
{
	struct wrap *wrap = calloc(1, sizeof(*wrap));
	int error;

	if (wrap == NULL) {
		snprintf(why, size, "the shim: %s", strerror(errno));
		return NULL;
	}
	LIST_INIT(&wrap->taps);
	wrap->generation = generation;
	wrap->socks[0] = wrap->socks[1] = -1;
	wrap->bindings = bindings_new(generation);
	if (wrap->bindings == NULL)
		snprintf(why, size, "the shim: %s", strerror(errno));
	else if (backend_choose(generation, &wrap->choice, why, size) == 0) {
		if (open_preload(wrap) == 0)
			return wrap;
		snprintf(why, size, "the shim's socket %s: %s", wrap->path,
		    strerror(errno));
	}
	error = errno;
	wrap_free(wrap);
	errno = error;
	return NULL;
}

static void
forget_start(struct wrap *wrap)
{
	filter_free(wrap->filter);
	wrap->filter = NULL;
	fd_close(&wrap->socks[0]);
	fd_close(&wrap->socks[1]);
}

void
wrap_let_go(struct wrap *wrap)
{
	if (wrap != NULL)
		bindings_reset(wrap->bindings);
}

void
wrap_free(struct wrap *wrap)
{
	struct tap *tap;

	if (wrap == NULL)
		return;
	forget_start(wrap);
	while ((tap = LIST_FIRST(&wrap->taps)) != NULL)
		tap_free(tap);
	if (wrap->path[0] != '\0')
		unlink(wrap->path);
	bindings_free(wrap->bindings);
	free(wrap);
}

/*
 * Before the first generation has bound its addresses, one of them may be a
 * Unix path, whose unlinking must be seen.  A connect(2) to it means what it
 * says then.
 */
static bool
must_see_unlink(const struct service *service)
{
	return service->nlisteners == 0 || roster_has_unix(service);
}

static int
prepare_filter(struct wrap *wrap, struct spawn *spawn)
{
	struct filter_options options = {
		.unlink = must_see_unlink(wrap->generation->service),
		.connect = roster_has_unix(wrap->generation->service),
		.no_new_privs = wrap->choice.no_new_privs,
	};

	if ((wrap->filter = filter_new(&options)) == NULL ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, wrap->socks) ==
		-1)
		return -1;
	spawn->filter = wrap->filter;
	spawn->filter_sock = wrap->socks[1];
	return 0;
}

/* The library cannot tell anybody that it does not reach us. */
static int
prepare_preload(struct wrap *wrap, struct spawn *spawn, char *why, size_t size)
{
	const char *library = parts_path(PART_PRELOAD);

	if (strlen(wrap->path) > ANNOUNCE_PATH_MAX) {
		snprintf(why, size,
		    "the shim's socket %s: its path is longer than the %zu "
		    "bytes that unix(7) has room for; set HOTSWAP_RUNTIME_DIR "
		    "to a shorter one",
		    wrap->path, ANNOUNCE_PATH_MAX);
		errno = ENAMETOOLONG;
		return -1;
	}
	if (reach_try(wrap->generation, "the shim's socket", wrap->path, W_OK,
		why, size) == -1 ||
	    reach_try(wrap->generation, "the shim's library", library, R_OK,
		why, size) == -1)
		return -1;
	spawn->library = library;
	spawn->library_sock = wrap->path;
	spawn->library_connect = roster_has_unix(wrap->generation->service);
	return 0;
}

int
wrap_prepare(struct wrap *wrap, struct spawn *spawn, char *why, size_t size)
{
	int error;

	bindings_reset(wrap->bindings);
	wrap->deaf = false;
	if (wrap->choice.backend == SHIM_PRELOAD)
		return prepare_preload(wrap, spawn, why, size);
	if (wrap->choice.backend != SHIM_SECCOMP ||
	    prepare_filter(wrap, spawn) == 0)
		return 0;
	error = errno;
	snprintf(why, size, "the shim's filter: %s", strerror(error));
	forget_start(wrap);
	errno = error;
	return -1;
}

int
wrap_started(struct wrap *wrap, bool succeeded, char *why, size_t size)
{
	int r = 0, error;

	fd_close(&wrap->socks[1]);
	if (succeeded && wrap->filter != NULL)
		r = wrap_serve_seccomp(
		    wrap, filter_collect(wrap->socks[0]), call_log_make());
	error = errno;
	if (r == -1)
		snprintf(
		    why, size, "the shim's notifications: %s", strerror(error));
	forget_start(wrap);
	errno = error;
	return r;
}

enum shim_backend
wrap_backend(const struct wrap *wrap)
{
	return wrap != NULL ? wrap->choice.backend : SHIM_OFF;
}

const char *
wrap_trouble(const struct wrap *wrap)
{
	if (wrap == NULL)
		return "";
	return wrap->deaf ? wrap_deafness : bindings_trouble(wrap->bindings);
}

bool
wrap_is_idle(const struct wrap *wrap)
{
	const struct tap *tap;

	if (wrap == NULL)
		return true;
	LIST_FOREACH (tap, &wrap->taps, entry)
		if (!intercept_is_idle(tap->intercept))
			return false;
	return true;
}

bool
wrap_is_unanswered(const struct wrap *wrap)
{
	return wrap->choice.backend == SHIM_SECCOMP && !wrap->deaf &&
	    LIST_EMPTY(&wrap->taps);
}
