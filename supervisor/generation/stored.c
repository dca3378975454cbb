/* SPDX-License-Identifier: ISC */
/*
 * The generations' stores: changed by the programs' messages, held for a
 * successor, and saved in the checkpoint.
 */
#include "generation/stored.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "core/held.h"
#include "core/service.h"
#include "core/state.h"
#include "process/fdstore.h"
#include "process/notify.h"

#define NAME_UNSET "stored" /* systemd's name without FDNAME */
#define WARN_MAX   10	    /* warnings about one generation, */
#define WARN_MS	   10000    /* in this time */

struct stored {
	struct fdpool *pool;
	struct event *save; /* active while the checkpoint is behind */
	bool behind;
};

/* FOR A SUCCESSOR */

static void
added(unsigned int id, int fd, void *service)
{
	held_put(service, HELD_STORED, id, fd);
}

static void
removed(unsigned int id, void *service)
{
	held_remove(service, HELD_STORED, id);
}

static void
save_now(struct service *service)
{
	if (!service->stored->behind)
		return;
	service->stored->behind = false;
	state_commit(service);
}

static void
on_save(evutil_socket_t fd, short what, void *service)
{
	save_now(service);
}

/* Save once for all messages that are read in a row. */
static void
save_soon(struct service *service)
{
	service->stored->behind = true;
	event_active(service->stored->save, EV_TIMEOUT, 0);
}

static void
hung_up(void *service)
{
	save_soon(service);
}

static const struct fdpool_events pool_events = {
	.added = added,
	.removed = removed,
	.hung_up = hung_up,
};

int
stored_open(struct service *service)
{
	struct stored *stored = calloc(1, sizeof(*stored));

	if (stored == NULL)
		return -1;
	service->stored = stored;
	stored->save = event_new(service->base, -1, 0, on_save, service);
	stored->pool = fdpool_new(service->base, &pool_events, service);
	return stored->save != NULL && stored->pool != NULL ? 0 : -1;
}

void
stored_close(struct service *service)
{
	struct stored *stored = service->stored;

	if (stored == NULL)
		return;
	fdpool_free(stored->pool);
	if (stored->save != NULL)
		event_free(stored->save);
	free(stored);
	service->stored = NULL;
}

int
stored_begin(struct generation *generation)
{
	generation->store = fdstore_new(generation->service->stored->pool);
	return generation->store != NULL ? 0 : -1;
}

void
stored_end(struct generation *generation)
{
	fdstore_free(generation->store);
	generation->store = NULL;
}

/* MESSAGES OF PROGRAMS */

/* A program may ask again and again for what it does not get. */
static bool
may_warn(struct generation *generation)
{
	return pace_allows(&generation->warned, WARN_MAX, WARN_MS);
}

/* Store all descriptors; failures are reported once for each message. */
static void
put_all(struct generation *generation, const struct notify_message *message)
{
	const struct options *options = generation->service->options;
	const char *name =
	    message->fd_name != NULL ? message->fd_name : NAME_UNSET;
	size_t i, missed = 0;
	int error = 0;

	for (i = 0; i < message->nfds; i++) {
		if (fdstore_put(generation->store, name, message->fds[i],
			!message->keep_hung_up, options->store_max) == -1) {
			error = errno;
			missed++;
		}
		message->fds[i] = -1;
	}
	if (message->fds_lost)
		error = EMFILE;
	if (error == 0 || !may_warn(generation))
		return;
	if (error == EXFULL)
		log_warn("generation %u: its store is full (--store-max %u): "
			 "%zu more descriptors named \"%s\" are not stored",
		    generation->number, options->store_max, missed, name);
	else
		log_warn("generation %u: the descriptor named \"%s\" is not "
			 "stored: %s",
		    generation->number, name, strerror(error));
}

void
stored_told(struct generation *generation, const struct notify_message *message)
{
	struct service *service = generation->service;

	if (message->fds_refused > 0 && may_warn(generation))
		log_warn("generation %u: its program has sent %zu descriptors "
			 "of a file system that may not answer (FUSE, NFS), or "
			 "that may contain such files (an epoll instance): "
			 "they are refused; after %d of them no message of the "
			 "program is read",
		    generation->number, message->fds_refused,
		    NOTIFY_REFUSED_MAX);
	if (message->bad_name && (message->store || message->store_remove) &&
	    may_warn(generation))
		log_warn("generation %u: the FDNAME= that its program sent is "
			 "not a valid name, sd_notify(3), and is ignored",
		    generation->number);
	/* As in systemd, both together remove, and removing needs a name. */
	if (message->store_remove) {
		if (message->fd_name != NULL &&
		    fdstore_remove(generation->store, message->fd_name))
			save_soon(service);
	} else if (message->store) {
		put_all(generation, message);
		save_soon(service);
	}
	/* The program takes the end of the barrier as a promise. */
	if (message->barrier)
		save_now(service);
}

/* STORES OF GENERATIONS */

void
stored_inherit(struct generation *generation, const struct generation *from)
{
	if (fdstore_copy(generation->store, from->store) == -1)
		log_warn("generation %u: not all descriptors that generation "
			 "%u has stored can be passed on: %s",
		    generation->number, from->number, strerror(errno));
}

void
stored_clear(struct generation *generation)
{
	fdstore_clear(generation->store);
}

void
stored_sweep(struct service *service)
{
	const struct release *release = &service->release;
	bool idle = release->rollout.state == ROLLOUT_IDLE;
	struct generation *generation;

	TAILQ_FOREACH (generation, &service->generations, entry) {
		if (generation->program != NULL ||
		    (!idle &&
			(generation == release->old ||
			    generation == release->candidate)))
			continue;
		stored_clear(generation);
	}
}

struct spawn_socket *
stored_collect(const struct generation *generation, size_t *n)
{
	const struct fdentry *entry;
	struct spawn_socket *list;
	size_t i;

	*n = fdstore_count(generation->store);
	if ((list = calloc(*n + 1, sizeof(*list))) == NULL)
		return NULL;
	for (i = 0; i < *n; i++) {
		entry = fdstore_entry(generation->store, i);
		list[i].fd = fdentry_fd(entry);
		list[i].name = entry->name;
	}
	return list;
}

json_t *
stored_json(const struct generation *generation)
{
	size_t count = fdstore_count(generation->store), i;
	json_t *names = json_object();
	json_int_t before;
	const char *name;

	for (i = 0; i < count; i++) {
		name = fdstore_entry(generation->store, i)->name;
		before = json_integer_value(json_object_get(names, name));
		json_object_set_new(names, name, json_integer(before + 1));
	}
	return json_pack("{si so}", "count", (int)count, "names", names);
}

json_t *
stored_save(const struct generation *generation)
{
	return fdstore_save(generation->store);
}

static int
take_held(unsigned int id, void *service)
{
	return held_take(service, HELD_STORED, id);
}

int
stored_restore(struct generation *generation, const json_t *saved)
{
	size_t before = json_array_size(saved), now;

	if (fdstore_restore(
		generation->store, saved, take_held, generation->service) == -1)
		return -1;
	now = fdstore_count(generation->store);
	/* The holder has ended, or the descriptors had just hung up. */
	if (now < before)
		log_warn("generation %u: %zu of the %zu descriptors that its "
			 "program had stored are lost",
		    generation->number, before - now, before);
	return 0;
}
