/* SPDX-License-Identifier: ISC */
/*
 * The course of a reexec: examine the file; wait for a moment at which nothing
 * is under way that cannot be handed over; save; and end as if killed.  The
 * rest is recovery, and the successor reports the result.
 */
#include "control/reexec.h"

#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/describe.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/version.h"
#include "control/call.h"
#include "control/control.h"
#include "control/examine.h"
#include "control/signals.h"
#include "core/events.h"
#include "core/held.h"
#include "core/service.h"
#include "core/state.h"
#include "generation/health.h"
#include "generation/quiet.h"
#include "generation/retire.h"
#include "generation/wrap.h"
#include "keep/keeper.h"
#include "process/image.h"
#include "process/prober.h"
#include "rollout/hooks.h"
#include "rollout/readiness.h"

#define CALM_MS	    60000 /* longest wait for such a moment */
#define LOOK_MS	    10
#define VERSION_MAX 128
#define REASON_MAX  1024

enum reexec_state {
	REEXEC_NONE,
	REEXEC_EXAMINING, /* the file is being examined */
	REEXEC_WAITING,	  /* it can take over; something has to end first */
	REEXEC_HANDED,	  /* the keeper has been told to start it */
	REEXEC_DONE,
	REEXEC_REFUSED, /* nothing was tried */
	REEXEC_FAILED,	/* it was tried and taken back */
};

struct reexec {
	char path[PATH_MAX]; /* where hotswap is installed */
	/* The reexec under way, or the last one. */
	enum reexec_state state;
	char id[RELEASE_ID];
	char next[PATH_MAX]; /* the file that was asked for */
	char from[VERSION_MAX], to[VERSION_MAX];
	json_int_t dev, ino; /* of that file */
	char reason[REASON_MAX];
	struct examination *examination;
	struct image *image;
	struct event *timer; /* looks whether the moment has come */
	int64_t deadline;
};

int
reexec_open(struct service *service)
{
	service->reexec = calloc(1, sizeof(*service->reexec));
	return service->reexec != NULL ? 0 : -1;
}

/* Release what is needed only until the other build is started. */
static void
let_go(struct reexec *reexec)
{
	if (reexec->timer != NULL)
		event_free(reexec->timer);
	reexec->timer = NULL;
	image_unref(reexec->image);
	reexec->image = NULL;
}

void
reexec_close(struct service *service)
{
	struct reexec *reexec = service->reexec;

	if (reexec == NULL)
		return;
	if (reexec->examination != NULL)
		examine_cancel(reexec->examination);
	let_go(reexec);
	free(reexec);
	service->reexec = NULL;
}

/* OUTCOMES */

static void __attribute__((format(printf, 3, 4)))
fail(struct service *service, enum reexec_state state, const char *fmt, ...)
{
	struct reexec *reexec = service->reexec;
	char reason[REASON_MAX]; /* the old one may be in args */
	va_list args;

	va_start(args, fmt);
	vsnprintf(reason, sizeof(reason), fmt, args);
	va_end(args);
	strlcpy(reexec->reason, reason, sizeof(reexec->reason));
	let_go(reexec);
	reexec->state = state;
	service->release.handed = false;
	events_emit(service, "reexec-failed", NULL,
	    "hotswap %s was not replaced: %s", version_text, reexec->reason);
}

static void
succeed(struct service *service)
{
	struct reexec *reexec = service->reexec;

	reexec->state = REEXEC_DONE;
	strlcpy(reexec->path, reexec->next, sizeof(reexec->path));
	events_emit(service, "reexecuted", NULL,
	    "hotswap %s has taken over from %s", version_text, reexec->from);
}

bool
reexec_is_under_way(const struct service *service)
{
	enum reexec_state state = service->reexec->state;

	return state == REEXEC_EXAMINING || state == REEXEC_WAITING ||
	    state == REEXEC_HANDED;
}

bool
reexec_is(const struct service *service, const char *id)
{
	return service->reexec->state != REEXEC_NONE &&
	    strcmp(service->reexec->id, id) == 0;
}

void
reexec_answer(const struct service *service, struct call *call)
{
	const struct reexec *reexec = service->reexec;

	if (reexec->state == REEXEC_DONE)
		call_reply(call,
		    json_pack(
			"{ss ss}", "from", reexec->from, "to", version_text),
		    false);
	else
		call_fail(call,
		    reexec->state == REEXEC_FAILED ? "Failed" : "Refused",
		    reexec->reason);
}

/* OUR END */

/* What has to end first, NULL if nothing has; each takes a bounded time. */
static const char *
find_hindrance(const struct service *service, char *text, size_t size)
{
	const struct generation *generation;
	const char *what;

	if (service->release.rollout.state == ROLLOUT_RESOLVING)
		return "a rollout looks up its image";
	if (!hooks_are_idle(service->hooks))
		return "a hook runs";
	TAILQ_FOREACH (generation, &service->generations, entry) {
		if (retire_is_stopping(generation))
			what = "is being stopped";
		else if (!wrap_is_idle(generation->wrap))
			what = "waits for an answer to a system call";
		else
			continue;
		snprintf(
		    text, size, "generation %u %s", generation->number, what);
		return text;
	}
	return NULL;
}

/* Stop all that would send or save anything; only what is held remains. */
static void
fall_silent(struct service *service)
{
	struct generation *generation;

	quiet_end_all(service);
	state_stop(service);
	store_sync(held_store(service));
	TAILQ_FOREACH (generation, &service->generations, entry)
		health_end(generation);
	prober_stop();
	readiness_stop(service->release.readiness);
	control_flush(service->control);
}

/*
 * The keeper forwards no signals any more, and gets back those that are
 * pending.
 */
static _Noreturn void
leave(struct service *service)
{
	fall_silent(service);
	signals_hand_on(getppid());
	_exit(EXIT_SUCCESS);
}

/*
 * If systemd holds the descriptors, no keeper can start the other build: we
 * execute it, and systemd starts it again if it fails.
 */
static _Noreturn void
turn_into(struct service *service)
{
	int exe = fd_dup(service->reexec->image->program.fd);
	int ours = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

	fall_silent(service);
	store_execute(held_store(service), exe, ours);
	log_error("reexec: %s", strerror(errno));
	_exit(EXIT_FAILURE);
}

static void
hand_over(struct service *service)
{
	struct reexec *reexec = service->reexec;
	struct store *store = held_store(service);

	reexec->state = REEXEC_HANDED;
	service->release.handed = true;
	events_emit(service, "reexecuting", NULL,
	    "hotswap %s takes over from %s", reexec->to, reexec->from);
	if (store_is_systemds(store) && state_commit(service) == 0)
		turn_into(service);
	if (store_put(store, KEEPER_NEXT, reexec->image->program.fd) == 0 &&
	    store_sync(store) == 0 && state_commit(service) == 0 &&
	    store_say(store, "X_REEXEC=1") == 0)
		leave(service);
	fail(service, REEXEC_REFUSED, "cannot hand over: %s", strerror(errno));
	store_remove(store, KEEPER_NEXT);
}

static void
reexec_look(evutil_socket_t fd, short what, void *arg)
{
	struct service *service = arg;
	struct reexec *reexec = service->reexec;
	struct timeval delay = clock_interval(LOOK_MS);
	const char *hindrance;
	char text[128];

	hindrance = find_hindrance(service, text, sizeof(text));
	if (service->ending)
		fail(service, REEXEC_REFUSED, "the service is being stopped");
	else if (hindrance == NULL)
		hand_over(service);
	else if (clock_ms() < reexec->deadline)
		evtimer_add(reexec->timer, &delay);
	else
		fail(service, REEXEC_REFUSED, "%s, even after %d s", hindrance,
		    CALM_MS / 1000);
}

static void
examined(struct image *image, const char *version, const char *why, void *arg)
{
	struct service *service = arg;
	struct reexec *reexec = service->reexec;
	struct timeval now = { 0 };

	reexec->examination = NULL;
	if (image == NULL) {
		fail(service, REEXEC_REFUSED, "%s", why);
		return;
	}
	strlcpy(reexec->to, version, sizeof(reexec->to));
	reexec->image = image_ref(image);
	reexec->dev = (json_int_t)image->program.identity.dev;
	reexec->ino = (json_int_t)image->program.identity.ino;
	reexec->state = REEXEC_WAITING;
	reexec->deadline = clock_ms() + CALM_MS;
	reexec->timer = evtimer_new(service->base, reexec_look, service);
	if (reexec->timer == NULL || evtimer_add(reexec->timer, &now) == -1)
		fail(service, REEXEC_REFUSED, "%s", strerror(errno));
}

int
reexec_begin(struct service *service, const char *file, const char *id,
    char *why, size_t size)
{
	struct reexec *reexec = service->reexec;

	if (service->ending || reexec_is_under_way(service)) {
		snprintf(why, size, "%s",
		    service->ending ? "the service is being stopped"
				    : "a reexec is under way");
		return -1;
	}
	if (!store_has_keeper(held_store(service)) &&
	    !store_is_systemds(held_store(service))) {
		strlcpy(why,
		    "the keeper has ended, so nobody would start the other "
		    "supervisor",
		    size);
		return -1;
	}
	if (file == NULL)
		file = reexec->path;
	strlcpy(reexec->next, file, sizeof(reexec->next));
	strlcpy(reexec->id, id, sizeof(reexec->id));
	strlcpy(reexec->from, version_text, sizeof(reexec->from));
	reexec->examination =
	    examine_begin(service, reexec->next, examined, service);
	if (reexec->examination == NULL) {
		snprintf(why, size, "%s: %s", file, strerror(errno));
		return -1;
	}
	reexec->state = REEXEC_EXAMINING;
	return 0;
}

/* THE SUCCESSOR */

json_t *
reexec_save(const struct reexec *reexec, const json_t *before)
{
	return describe(before, "{ss si ss ss ss ss so ss}", "path",
	    reexec->path, "state", (int)reexec->state, "id", reexec->id, "next",
	    reexec->next, "from", reexec->from, "to", reexec->to, "file",
	    json_pack("[II]", reexec->dev, reexec->ino), "reason",
	    reexec->reason);
}

int
reexec_restore(struct service *service, const json_t *saved)
{
	struct reexec *reexec = service->reexec;
	const char *path, *id = "", *next = "", *from = "", *to = "",
			  *reason = "";
	int state = REEXEC_NONE;

	/* The first checkpoint holds only the path. */
	if (json_unpack((json_t *)saved, "{ss s?i s?s s?s s?s s?s s?[II] s?s}",
		"path", &path, "state", &state, "id", &id, "next", &next,
		"from", &from, "to", &to, "file", &reexec->dev, &reexec->ino,
		"reason", &reason) == -1) {
		errno = EINVAL;
		return -1;
	}
	reexec->state = (enum reexec_state)state;
	strlcpy(reexec->path, path, sizeof(reexec->path));
	strlcpy(reexec->id, id, sizeof(reexec->id));
	strlcpy(reexec->next, next, sizeof(reexec->next));
	strlcpy(reexec->from, from, sizeof(reexec->from));
	strlcpy(reexec->to, to, sizeof(reexec->to));
	strlcpy(reexec->reason, reason, sizeof(reexec->reason));
	return 0;
}

static bool
is_next(const struct reexec *reexec, dev_t dev, ino_t ino)
{
	return reexec->dev == (json_int_t)dev && reexec->ino == (json_int_t)ino;
}

/*
 * The keeper, if there is one, runs this file now: are the keeper and we the
 * build asked for?
 */
static void
compare(struct service *service, dev_t dev, ino_t ino)
{
	struct reexec *reexec = service->reexec;
	struct stat st;

	if (stat("/proc/self/exe", &st) == -1 ||
	    !is_next(reexec, st.st_dev, st.st_ino))
		fail(service, REEXEC_FAILED,
		    "%s passed its examination, but did not start (%s)",
		    reexec->next,
		    reexec->reason[0] != '\0'
			? reexec->reason
			: "the supervisor was killed during the reexec");
	else if (is_next(reexec, dev, ino))
		succeed(service);
}

/* There is no keeper that would tell what it executes. */
static void
compare_alone(struct service *service)
{
	struct stat st;

	if (stat("/proc/self/exe", &st) == 0)
		compare(service, st.st_dev, st.st_ino);
}

void
reexec_resume(struct service *service)
{
	enum reexec_state state = service->reexec->state;

	if (state == REEXEC_HANDED && store_is_systemds(held_store(service)))
		compare_alone(service);
	else if (state == REEXEC_EXAMINING || state == REEXEC_WAITING)
		fail(service, REEXEC_REFUSED,
		    "the supervisor ended before it could hand over");
}

void
reexec_heard(struct service *service, enum store_news news,
    const struct store_message *message)
{
	struct reexec *reexec = service->reexec;

	if (reexec->state != REEXEC_HANDED)
		return;
	if (news == STORE_SETBACK)
		strlcpy(
		    reexec->reason, message->reason, sizeof(reexec->reason));
	else if (news == STORE_PROGRAM)
		compare(service, message->dev, message->ino);
	else if (news == STORE_ENDED)
		compare_alone(service);
}
