/* SPDX-License-Identifier: ISC */
/*
 * The moves of a rollout.  Each is one commit, which checks all that it rests
 * upon, hotswap-fleet(7):
 *
 *   begin     a new rollout, unless one is under way
 *   resume    a halted one goes on: its hosts are tried again
 *   grant     a slot to an idle host
 *   withdraw  the grant of a host that has not claimed
 *   claim     the host begins, from here on nobody stops it
 *   report    the host has ended; with a failure too many all is halted
 *   halt      nothing more begins
 *   end       the rollout has ended
 *
 * Each takes what was read (fleet/view.h); whoever made a move reads again.
 */
#ifndef FLEET_MOVES_H
#define FLEET_MOVES_H

#include "fleet/view.h"

enum committed move_begin(
    struct store *, const struct view *, const struct rollout *);
enum committed move_resume(struct store *, const struct view *, const char *by);

/* What was read is brought up to date, so that another grant may follow. */
enum committed move_grant(struct store *, struct view *, struct member_host *);
enum committed move_withdraw(struct store *, const struct view *,
    const struct member_host *, enum step, const char *reason);
enum committed move_claim(
    struct store *, const struct view *, const struct member_host *);

/* The host as it is now, with its step and reason. */
enum committed move_report(struct store *, const struct view *,
    const struct member_host *, const struct host *);

enum committed move_halt(
    struct store *, const struct view *, const char *by, const char *why);

/* outcome is the JSON of history/N. */
enum committed move_end(struct store *, const struct view *, enum fleet_state,
    const json_t *outcome);

#endif
