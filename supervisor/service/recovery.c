/* SPDX-License-Identifier: ISC */
/*
 * Recovery: where the checkpoint is kept, read, and continued from.
 * core/held.h keeps the other descriptors.
 */
#include "service/recovery.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/status.h"
#include "base/strings.h"
#include "config/options.h"
#include "control/reexec.h"
#include "core/events.h"
#include "core/held.h"
#include "core/life.h"
#include "core/manager.h"
#include "core/report.h"
#include "core/service.h"
#include "core/state.h"
#include "generation/generation_state.h"
#include "generation/generations.h"
#include "generation/prune.h"
#include "generation/retire.h"
#include "generation/steering.h"
#include "generation/stored.h"
#include "keep/checkpoint.h"
#include "keep/copy.h"
#include "keep/store.h"
#include "rollout/ending.h"
#include "rollout/release_state.h"
#include "rollout/resumption.h"
#include "rollout/request.h"
#include "service/account.h"
#include "service/recovery_fields.h"
#include "service/saving.h"

/* READING */

/* Make a new pair of memfds and hold them. */
static int
begin_checkpoint(struct service *service, const json_t *first)
{
	struct recovery *recovery = service->recovery;
	size_t i;

	/*
	 * A supervisor that had this held also had a checkpoint and programs.
	 */
	if (held_has(service, "lock", 0)) {
		log_error("a former supervisor has left descriptors, but no "
			  "checkpoint: what runs is left running as it is, "
			  "unsupervised");
		return -1;
	}
	if (first == NULL) {
		log_error("--supervise is an option for the keeper only");
		return -1;
	}
	recovery->document = json_deep_copy(first);
	if (checkpoint_init(&recovery->checkpoint) == -1 ||
	    checkpoint_save(&recovery->checkpoint, recovery->document) == -1) {
		log_error("checkpoint: %s", strerror(errno));
		return -1;
	}
	for (i = 0; i < CHECKPOINT_FILES; i++)
		store_put(held_store(service), checkpoint_names[i],
		    recovery->checkpoint.fds[i]);
	return 0;
}

static int
load_checkpoint(struct service *service, const json_t *first)
{
	struct recovery *recovery = service->recovery;
	int fds[CHECKPOINT_FILES];
	bool found = false;
	char why[256];
	size_t i;

	for (i = 0; i < CHECKPOINT_FILES; i++) {
		fds[i] = store_take(held_store(service), checkpoint_names[i]);
		found |= fds[i] != -1;
	}
	if (!found)
		return begin_checkpoint(service, first);
	checkpoint_adopt(&recovery->checkpoint, fds);
	recovery->document =
	    checkpoint_load(&recovery->checkpoint, why, sizeof(why));
	if (recovery->document != NULL)
		return 0;
	log_error("the checkpoint cannot be used: %s; what runs is left "
		  "running as it is, unsupervised",
	    why);
	return -1;
}

int
recovery_open(struct service *service, const json_t *first)
{
	struct recovery *recovery = calloc(1, sizeof(*recovery));

	if (recovery == NULL || held_open(service) == -1) {
		if (errno == EBADMSG)
			log_error("the descriptors that systemd holds for us "
				  "cannot be told apart, since their directory "
				  "is damaged; what runs is left running as it "
				  "is, unsupervised");
		else
			log_error("what is held for us cannot be taken: %s",
			    strerror(errno));
		free(recovery);
		return -1;
	}
	service->recovery = recovery;
	recovery->turn =
	    event_new(service->base, -1, 0, saving_turn_ends, service);
	recovery->checkpoint.fds[0] = recovery->checkpoint.fds[1] = -1;
	recovery->copy.files = recovery->checkpoint;
	if (load_checkpoint(service, first) == -1)
		return -1;
	recovery->first = json_object_get(recovery->document, "first") != NULL;
	service->options =
	    options_from_json(json_object_get(recovery->document, "options"));
	return service->options != NULL ? 0 : -1;
}

void
recovery_close(struct service *service)
{
	struct recovery *recovery = service->recovery;

	if (recovery == NULL)
		return;
	checkpoint_fini(&recovery->checkpoint);
	copy_fini(&recovery->copy);
	held_close(service);
	json_decref(recovery->document);
	json_decref(recovery->life);
	if (recovery->turn != NULL)
		event_free(recovery->turn);
	free(recovery);
	service->recovery = NULL;
}

struct copy *
recovery_copy(struct service *service)
{
	struct copy *copy = &service->recovery->copy;

	if (copy->base[0] == '\0')
		copy_init(copy, service->runtime, service->options->name);
	return copy;
}

json_t *
recovery_command(const struct service *service)
{
	return json_object_get(service->recovery->document, "first");
}

void
recovery_adopt(
    struct service *service, json_t *document, unsigned long long sequence)
{
	struct recovery *recovery = service->recovery;
	json_t *copy;

	/* The path of the hotswap that runs now counts. */
	json_object_set(
	    document, "reexec", json_object_get(recovery->document, "reexec"));
	json_decref(recovery->document);
	recovery->document = document;
	recovery->checkpoint.sequence = sequence;
	recovery->first = false;
	service->adopted = true;
	/*
	 * From here on the document is held, also if this process ends at once.
	 */
	copy = json_deep_copy(document);
	if (checkpoint_save(&recovery->checkpoint, copy) == -1)
		log_error("checkpoint: cannot be written: %s", strerror(errno));
	json_decref(copy);
}

void
recovery_yield(struct service *service)
{
	store_say(held_store(service), "STOPPING=1");
}

bool
recovery_is_first(const struct service *service)
{
	return service->recovery->first;
}

int
recovery_restore(struct service *service)
{
	const json_t *document = service->recovery->document;
	char why[256];

	if (account_read(service, document, why, sizeof(why)) == 0 &&
	    account_take_over(service, document, why, sizeof(why)) == 0)
		return 0;
	log_error("the checkpoint cannot be used: %s", why);
	return -1;
}

int
recovery_examine(struct service *service, int fd, char *why, size_t size)
{
	struct recovery *recovery = calloc(1, sizeof(*recovery));
	const json_t *options;

	if (recovery == NULL || held_open(service) == -1) {
		snprintf(why, size, "what is held cannot be taken: %s",
		    strerror(errno));
		free(recovery);
		return -1;
	}
	service->recovery = recovery;
	recovery->copy.files.fds[0] = recovery->copy.files.fds[1] = -1;
	checkpoint_adopt(&recovery->checkpoint, (int[]){ fd, -1 });
	recovery->document = checkpoint_load(&recovery->checkpoint, why, size);
	if (recovery->document == NULL)
		return -1;
	options = json_object_get(recovery->document, "options");
	if ((service->options = options_from_json(options)) == NULL) {
		snprintf(why, size,
		    "it has options that this hotswap does not know");
		return -1;
	}
	return account_read(service, recovery->document, why, size);
}

/* CONTINUING */

static void
begin_first(struct service *service)
{
	struct request request = { .kind = RELEASE_FIRST };
	char **program, why[RELEASE_WHY];
	const char *key;

	reexec_restore(
	    service, json_object_get(service->recovery->document, "reexec"));
	program = strings_from_json(
	    json_object_get(service->recovery->document, "first"));
	request.program = program;
	if (program == NULL)
		strlcpy(why, "no program", sizeof(why));
	else if (request_begin(service, &request, &key, why, sizeof(why)) ==
	    REQUEST_BEGUN) {
		strings_free(program);
		return;
	}
	strings_free(program);
	log_error("%s", why);
	report_start(service, false, why);
	ending_begin(service, STATUS_SOFTWARE, true);
}

/* End a candidate of which no rollout is under way. */
static void
dismiss_strays(struct service *service)
{
	struct generation *generation, *next;

	TAILQ_FOREACH_SAFE (generation, &service->generations, entry, next) {
		if (generation->role != ROLE_CANDIDATE ||
		    generation == service->release.candidate)
			continue;
		generation->role = ROLE_FAILED;
		generation->share = 0;
		retire_stop(generation);
	}
}

static void
resume(struct service *service)
{
	const json_t *document = service->recovery->document;
	struct generation *generation;
	json_t *saved;
	bool handed;
	size_t i;

	steering_apply(service);
	for (i = 0; i < service->nlisteners; i++)
		listener_mend(service->listeners[i]);
	json_array_foreach (
	    json_object_get(document, "generations"), i, saved) {
		generation = generation_find(service,
		    (unsigned int)json_integer_value(
			json_object_get(saved, "number")));
		if (generation != NULL)
			generation_resume(generation, saved);
	}
	handed = service->release.handed;
	resumption_begin(service);
	dismiss_strays(service);
	prune_resume(service);
	stored_sweep(service);
	if (json_is_true(json_object_get(document, "ending")))
		ending_begin(service, service->exit_status, false);
	reexec_resume(service);
	if (handed)
		state_commit(service);
	else
		events_emit(service, "recovered", service->active,
		    service->adopted
			? "taken over from a supervisor whose keeper is dead"
			: "the supervisor was started again");
	if (service->active != NULL)
		report_start(service, true, NULL);
}

void
recovery_begin(struct service *service)
{
	struct recovery *recovery = service->recovery;

	held_settle(service, reexec_heard);
	recovery_copy(service);
	recovery->life = life_describe(service);
	if (recovery->turn != NULL)
		service->state_ops = &saving_ops;
	if (recovery->first)
		begin_first(service);
	else
		resume(service);
	store_say(held_store(service), "READY=1");
	recovery->settled = true;
	manager_tell(service->manager);
	json_decref(recovery->document);
	recovery->document = NULL;
}

void
recovery_end(struct service *service)
{
	struct recovery *recovery = service->recovery;
	size_t i;

	if (recovery == NULL)
		return;
	if (service->state_ops != NULL)
		copy_remove(&recovery->copy);
	state_stop(service);
	store_say(held_store(service), "STOPPING=1");
	/* The next start is a first start. */
	for (i = 0; i < CHECKPOINT_FILES; i++)
		store_remove(held_store(service), checkpoint_names[i]);
}
