/* SPDX-License-Identifier: ISC */
/*
 * Writes the checkpoint into its memfds, and then the copy into its files.
 */
#include "service/saving.h"

#include <errno.h>
#include <string.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/memory.h"
#include "core/service.h"
#include "service/account.h"
#include "service/recovery_fields.h"

/* A failure is only a warning: the memfds have the same document. */
static void
save_copy(
    struct service *service, json_t *document, struct checkpoint_change *change)
{
	struct recovery *recovery = service->recovery;
	unsigned long long sequence = recovery->checkpoint.sequence;
	bool failed =
	    copy_save(&recovery->copy, document, sequence, change) == -1;

	if (failed && !recovery->uncopied)
		log_warn("%s: %s: if keeper and supervisor were both killed "
			 "now, the programs that run could not be taken over",
		    recovery->copy.base, strerror(errno));
	recovery->uncopied = failed;
}

/*
 * Another build may read the document until the keeper has heard that this one
 * is up, and after a reexec.
 */
static void
set_form(struct service *service)
{
	struct recovery *recovery = service->recovery;
	bool plain = !recovery->settled || service->release.handed;

	checkpoint_set_plain(&recovery->checkpoint, plain);
	checkpoint_set_plain(&recovery->copy.files, plain);
}

/* Try again later, whether or not something else changes. */
static void
note_failure(struct service *service)
{
	static const struct timeval later = { 1, 0 };
	struct recovery *recovery = service->recovery;

	if (!recovery->unwritten)
		log_error("checkpoint: cannot be written: %s", strerror(errno));
	recovery->unwritten = true;
	evtimer_add(recovery->turn, &later);
}

/*
 * An unchanged checkpoint is not written again.  -1 with errno, after a log
 * line.
 */
static int
commit(struct service *service)
{
	struct recovery *recovery = service->recovery;
	unsigned long long before = recovery->checkpoint.sequence;
	struct checkpoint_change change = { .patch = NULL };
	json_t *document;
	int result, error;

	event_del(recovery->turn);
	set_form(service);
	document = account_describe(
	    service, recovery->life, recovery->checkpoint.last);
	result = document != NULL
	    ? checkpoint_save_change(&recovery->checkpoint, document, &change)
	    : -1;
	error = errno;
	if (result == 0)
		recovery->unwritten = false;
	else
		note_failure(service);
	if (result == 0 &&
	    (recovery->checkpoint.sequence != before || recovery->uncopied))
		save_copy(service, document, &change);
	checkpoint_change_fini(&change);
	json_decref(document);
	errno = error;
	return result;
}

static void
changed(struct service *service)
{
	event_active(service->recovery->turn, EV_TIMEOUT, 0);
}

static int
snapshot(const struct service *service)
{
	json_t *document =
	    account_describe(service, service->recovery->life, NULL);
	struct checkpoint copy;
	int fd = -1;

	if (document != NULL && checkpoint_init(&copy) == 0) {
		if (checkpoint_save(&copy, document) == 0)
			fd = fd_dup(copy.fds[copy.at]);
		checkpoint_fini(&copy);
	}
	json_decref(document);
	return fd;
}

const struct state_ops saving_ops = {
	.commit = commit,
	.changed = changed,
	.snapshot = snapshot,
};

void
saving_turn_ends(evutil_socket_t fd, short what, void *service)
{
	state_commit(service);
}

int
saving_renew_copy(struct service *service)
{
	struct recovery *recovery = service->recovery;

	if (service->state_ops == NULL || !copy_has_gone(&recovery->copy))
		return 0;
	/* An unchanged checkpoint would not be written again. */
	recovery->uncopied = true;
	state_commit(service);
	return 1;
}
