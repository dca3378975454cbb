/* SPDX-License-Identifier: ISC */
/*
 * What a successor must know is kept by service/recovery.h, above all parts of
 * the service; the parts say here that it is to be brought up to date.
 */
#ifndef CORE_STATE_H
#define CORE_STATE_H

struct service;

/* Who keeps it; NULL until somebody does. */
struct state_ops {
	int (*commit)(struct service *);
	void (*changed)(struct service *);
	int (*snapshot)(const struct service *);
};

/*
 * Bring it up to date now.  To be called before an act that cannot be undone
 * and that a successor must know of: a program is started or stopped,
 * connections are steered, an answer is given.  -1 with errno after it has
 * been said.
 */
int state_commit(struct service *);

/*
 * Something has changed, and nothing has followed from it yet: it is brought
 * up to date before the loop waits for anything again, and so before any
 * answer leaves.
 */
void state_changed(struct service *);

/* A file with what it would be now, *new*; -1 with errno. */
int state_snapshot(const struct service *);

/* It stays as it is: what is left to do is not to be known. */
void state_stop(struct service *);

#endif
