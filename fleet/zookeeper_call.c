/* SPDX-License-Identifier: ISC */
#include "fleet/zookeeper_call.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/param.h>

#include "base/clock.h"
#include "fleet/conf.h"

#define ANSWER_MS 8000

static void
session_event(
    zhandle_t *zh, int type, int state, const char *path, void *context)
{
}

/* A watch fires once. */
static void
on_change(zhandle_t *zh, int type, int state, const char *path, void *context)
{
	if (type != ZOO_SESSION_EVENT)
		((struct zookeeper *)context)->changed = true;
}

/*
 * Is the session over?  Members that have lost their data refuse a session of
 * before without a word, so that one without a member for its time is over too.
 */
static bool
is_over(const struct zookeeper *zookeeper)
{
	return is_unrecoverable(zookeeper->zh) == ZINVALIDSTATE ||
	    clock_ms() - zookeeper->seen_ms >
	    (int64_t)zookeeper->conf->lease_s * 1000;
}

static void
look_at_state(struct zookeeper *zookeeper)
{
	if (zoo_state(zookeeper->zh) == ZOO_CONNECTED_STATE)
		zookeeper->seen_ms = clock_ms();
}

bool
zookeeper_is_open(struct zookeeper *zookeeper)
{
	const struct conf *conf = zookeeper->conf;
	char who[512];

	if (zookeeper->zh != NULL && is_over(zookeeper)) {
		zookeeper_close(zookeeper->zh);
		zookeeper->zh = NULL;
		zookeeper->changed = true;
	}
	if (zookeeper->zh != NULL)
		return true;
	zookeeper->look_ms = 0;
	zookeeper->seen_ms = clock_ms();
	zookeeper->zh = zookeeper_init(zookeeper->members, session_event,
	    (int)conf->lease_s * 1000, NULL, zookeeper, 0);
	if (zookeeper->zh == NULL)
		return false;
	if (conf->user != NULL) {
		snprintf(who, sizeof(who), "%s:%s", conf->user, conf->password);
		/* A NULL completion would be called. */
		zoo_add_auth(zookeeper->zh, "digest", who, (int)strlen(who),
		    zookeeper_completed, NULL);
	}
	return true;
}

void
zookeeper_work(
    struct zookeeper *zookeeper, const struct zookeeper_call *call, int64_t ms)
{
	int64_t end = clock_ms() + ms, left;
	int fd, interest, events;
	struct timeval tv;
	struct pollfd p;

	while ((left = end - clock_ms()) > 0 && zookeeper->zh != NULL) {
		if (call != NULL ? call->done : zookeeper->changed)
			return;
		fd = -1;
		interest = 0;
		zookeeper_interest(zookeeper->zh, &fd, &interest, &tv);
		p = (struct pollfd){ .fd = fd };
		if (interest & ZOOKEEPER_READ)
			p.events |= POLLIN;
		if (interest & ZOOKEEPER_WRITE)
			p.events |= POLLOUT;
		left = MIN(left, tv.tv_sec * 1000 + tv.tv_usec / 1000 + 1);
		/* Without a member it is tried again soon. */
		poll(&p, 1, (int)(fd == -1 ? MIN(left, 100) : left));
		events = 0;
		if (p.revents & (POLLIN | POLLHUP | POLLERR))
			events |= ZOOKEEPER_READ;
		if (p.revents & POLLOUT)
			events |= ZOOKEEPER_WRITE;
		zookeeper_process(zookeeper->zh, events);
		look_at_state(zookeeper);
		if (is_over(zookeeper))
			return;
	}
}

struct zookeeper_call *
zookeeper_call_new(struct zookeeper *zookeeper)
{
	return zookeeper_is_open(zookeeper)
	    ? calloc(1, sizeof(struct zookeeper_call))
	    : NULL;
}

void
zookeeper_call_free(struct zookeeper_call *call)
{
	if (call == NULL)
		return;
	/* Its completion is still to come. */
	if (!call->done) {
		call->left = true;
		return;
	}
	free(call->value);
	deallocate_String_vector(&call->names);
	free(call);
}

/* The call is done.  True if somebody waits for it. */
static bool
complete(struct zookeeper_call *call, int rc)
{
	if (call == NULL)
		return false;
	call->rc = rc;
	call->done = true;
	if (!call->left)
		return true;
	zookeeper_call_free(call);
	return false;
}

void
zookeeper_completed(int rc, const void *data)
{
	complete((struct zookeeper_call *)data, rc);
}

static void
named(int rc, const char *value, const void *data)
{
	complete((struct zookeeper_call *)data, rc);
}

static void
existing(int rc, const struct Stat *stat, const void *data)
{
	complete((struct zookeeper_call *)data, rc);
}

static void
got(int rc, const char *value, int length, const struct Stat *stat,
    const void *data)
{
	struct zookeeper_call *call = (struct zookeeper_call *)data;

	if (!complete(call, rc) || rc != ZOK)
		return;
	call->length = length > 0 ? (size_t)length : 0;
	call->value = strndup(length > 0 ? value : "", call->length);
	call->stat = *stat;
}

static void
listed(int rc, const struct String_vector *names, const void *data)
{
	struct zookeeper_call *call = (struct zookeeper_call *)data;
	int i;

	if (!complete(call, rc) || rc != ZOK ||
	    allocate_String_vector(&call->names, names->count) == -1)
		return;
	for (i = 0; i < names->count; i++)
		call->names.data[i] = strdup(names->data[i]);
}

int
zookeeper_call_wait(
    struct zookeeper *zookeeper, struct zookeeper_call *call, int begun)
{
	if (begun != ZOK) {
		/* Its completion is not called. */
		call->done = true;
		return begun;
	}
	zookeeper_work(zookeeper, call, ANSWER_MS);
	return call->done ? call->rc : ZOPERATIONTIMEOUT;
}

/* Wait for a call whose answer is its code alone. */
static int
call_end(struct zookeeper *zookeeper, struct zookeeper_call *call, int begun)
{
	int rc = zookeeper_call_wait(zookeeper, call, begun);

	zookeeper_call_free(call);
	return rc;
}

int
zookeeper_sync(struct zookeeper *zookeeper, const char *path)
{
	struct zookeeper_call *call = zookeeper_call_new(zookeeper);

	if (call == NULL)
		return ZSYSTEMERROR;
	return call_end(
	    zookeeper, call, zoo_async(zookeeper->zh, path, named, call));
}

/* Nothing is there: watch whether something comes. */
static void
watch_absence(struct zookeeper *zookeeper, const char *path)
{
	struct zookeeper_call *call = zookeeper_call_new(zookeeper);

	if (call == NULL)
		return;
	call_end(zookeeper, call,
	    zoo_awexists(
		zookeeper->zh, path, on_change, zookeeper, existing, call));
}

int
zookeeper_get(struct zookeeper *zookeeper, const char *path, char **value,
    size_t *length, struct Stat *stat)
{
	struct zookeeper_call *call = zookeeper_call_new(zookeeper);
	int rc;

	*value = NULL;
	if (call == NULL)
		return ZSYSTEMERROR;
	rc = zookeeper_call_wait(zookeeper, call,
	    zoo_awget(zookeeper->zh, path, on_change, zookeeper, got, call));
	if (rc == ZOK) {
		*value = call->value;
		*length = call->length;
		*stat = call->stat;
		call->value = NULL;
	}
	zookeeper_call_free(call);
	if (rc == ZNONODE)
		watch_absence(zookeeper, path);
	return rc;
}

int
zookeeper_children(
    struct zookeeper *zookeeper, const char *path, struct String_vector *names)
{
	struct zookeeper_call *call = zookeeper_call_new(zookeeper);
	int rc;

	memset(names, 0, sizeof(*names));
	if (call == NULL)
		return ZSYSTEMERROR;
	rc = zookeeper_call_wait(zookeeper, call,
	    zoo_awget_children(
		zookeeper->zh, path, on_change, zookeeper, listed, call));
	if (rc == ZOK) {
		*names = call->names;
		memset(&call->names, 0, sizeof(call->names));
	}
	zookeeper_call_free(call);
	return rc;
}

const struct ACL_vector *
zookeeper_acl(const struct zookeeper *zookeeper)
{
	return zookeeper->conf->user != NULL ? &ZOO_CREATOR_ALL_ACL
					     : &ZOO_OPEN_ACL_UNSAFE;
}

int
zookeeper_create(
    struct zookeeper *zookeeper, const char *path, const char *value, int flags)
{
	struct zookeeper_call *call = zookeeper_call_new(zookeeper);

	if (call == NULL)
		return ZSYSTEMERROR;
	return call_end(zookeeper, call,
	    zoo_acreate(zookeeper->zh, path, value, (int)strlen(value),
		zookeeper_acl(zookeeper), flags, named, call));
}

int
zookeeper_delete(struct zookeeper *zookeeper, const char *path)
{
	struct zookeeper_call *call = zookeeper_call_new(zookeeper);

	if (call == NULL)
		return ZSYSTEMERROR;
	return call_end(zookeeper, call,
	    zoo_adelete(zookeeper->zh, path, -1, zookeeper_completed, call));
}
