/* SPDX-License-Identifier: ISC */
/*
 * Keeping the checkpoint up to date: for state_commit, state_changed and
 * state_snapshot, core/state.h.
 */
#ifndef SERVICE_SAVING_H
#define SERVICE_SAVING_H

#include <event2/event.h>

#include "core/state.h"

extern const struct state_ops saving_ops;

/* Runs after all other callbacks of the turn, if something has changed in it.
 */
void saving_turn_ends(evutil_socket_t, short what, void *service);

/*
 * Write the copy anew if somebody has removed one of its files.  1 if that was
 * done, 0 if both are there.
 */
int saving_renew_copy(struct service *);

#endif
