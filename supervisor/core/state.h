/* SPDX-License-Identifier: ISC */
/*
 * The checkpoint: what a successor must know.  service/recovery.h, above all
 * parts of the service, writes it; the parts ask for that here.
 */
#ifndef CORE_STATE_H
#define CORE_STATE_H

struct service;

/* The writer's functions; NULL until there is one. */
struct state_ops {
	int (*commit)(struct service *);
	void (*changed)(struct service *);
	int (*snapshot)(const struct service *);
};

/*
 * Write the checkpoint now.  To be called before an act that cannot be undone
 * and that a successor must know of: before a program is started or stopped,
 * connections are steered, or a reply is sent.  -1 with errno; the failure is
 * logged.
 */
int state_commit(struct service *);

/*
 * Mark the checkpoint as out of date.  It is written before the loop waits for
 * anything again, and so before any reply leaves.
 */
void state_changed(struct service *);

/* A file with the document that would be written now, *new*; -1 with errno. */
int state_snapshot(const struct service *);

/* Write no checkpoint any more: a successor shall not learn what follows. */
void state_stop(struct service *);

#endif
