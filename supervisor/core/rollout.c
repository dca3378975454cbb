/* SPDX-License-Identifier: ISC */
/*
 * The course of a rollout as a table.  An empty cell is a refusal: the event is
 * not allowed in that state, and its sender is told so.
 */
#include "core/rollout.h"

struct cell {
	enum rollout_action action;
	enum rollout_state next;
};

/* clang-format off */
static const struct cell table[ROLLOUT_STATES][ROLLOUT_EVENTS] = {
	[ROLLOUT_IDLE] = {
		[EVENT_BEGIN]	   = { ACTION_RESOLVE,	 ROLLOUT_RESOLVING },
		[EVENT_BEGIN_WARM] = { ACTION_CHECK,	 ROLLOUT_CHECKING },
	},
	[ROLLOUT_RESOLVING] = {
		[EVENT_RESOLVED]   = { ACTION_START,	 ROLLOUT_STARTING },
		[EVENT_RESOLVED_EXCLUSIVE] =
				     { ACTION_VACATE,	 ROLLOUT_STOPPING },
		[EVENT_FAILED]	   = { ACTION_GIVE_UP,	 ROLLOUT_IDLE },
		[EVENT_ABORT]	   = { ACTION_GIVE_UP,	 ROLLOUT_IDLE },
	},
	[ROLLOUT_STARTING] = {
		[EVENT_READY]	   = { ACTION_CHECK,	 ROLLOUT_CHECKING },
		[EVENT_FAILED]	   = { ACTION_TAKE_BACK, ROLLOUT_IDLE },
		[EVENT_EXITED]	   = { ACTION_TAKE_BACK, ROLLOUT_IDLE },
		[EVENT_EXPIRED]	   = { ACTION_TAKE_BACK, ROLLOUT_IDLE },
		[EVENT_ABORT]	   = { ACTION_TAKE_BACK, ROLLOUT_IDLE },
	},
	[ROLLOUT_CHECKING] = {
		[EVENT_HEALTHY]	   = { ACTION_SHIFT,	 ROLLOUT_SHIFTING },
		[EVENT_FAILED]	   = { ACTION_TAKE_BACK, ROLLOUT_IDLE },
		[EVENT_EXITED]	   = { ACTION_TAKE_BACK, ROLLOUT_IDLE },
		[EVENT_EXPIRED]	   = { ACTION_TAKE_BACK, ROLLOUT_IDLE },
		[EVENT_ABORT]	   = { ACTION_TAKE_BACK, ROLLOUT_IDLE },
	},
	[ROLLOUT_SHIFTING] = {
		[EVENT_HELD]	   = { ACTION_SHIFT,	 ROLLOUT_SHIFTING },
		[EVENT_SPLIT]	   = { ACTION_HOLD,	 ROLLOUT_SHIFTING },
		[EVENT_FAILED]	   = { ACTION_TAKE_BACK, ROLLOUT_IDLE },
		[EVENT_EXITED]	   = { ACTION_TAKE_BACK, ROLLOUT_IDLE },
		[EVENT_SICK]	   = { ACTION_TAKE_BACK, ROLLOUT_IDLE },
		[EVENT_PROMOTE]	   = { ACTION_PROMOTE,	 ROLLOUT_IDLE },
		[EVENT_ABORT]	   = { ACTION_TAKE_BACK, ROLLOUT_IDLE },
	},
	[ROLLOUT_BAKING] = {
		[EVENT_FAILED]	   = { ACTION_TAKE_BACK, ROLLOUT_IDLE },
		[EVENT_EXITED]	   = { ACTION_TAKE_BACK, ROLLOUT_IDLE },
		[EVENT_SICK]	   = { ACTION_TAKE_BACK, ROLLOUT_IDLE },
		[EVENT_BAKED]	   = { ACTION_PROMOTE,	 ROLLOUT_IDLE },
		[EVENT_SPLIT]	   = { ACTION_HOLD,	 ROLLOUT_SHIFTING },
		[EVENT_PROMOTE]	   = { ACTION_PROMOTE,	 ROLLOUT_IDLE },
		[EVENT_ABORT]	   = { ACTION_TAKE_BACK, ROLLOUT_IDLE },
	},
	[ROLLOUT_STOPPING] = {
		[EVENT_VACATED]	   = { ACTION_START,	 ROLLOUT_STARTING },
		[EVENT_FAILED]	   = { ACTION_TAKE_BACK, ROLLOUT_IDLE },
		[EVENT_ABORT]	   = { ACTION_RESTORE,	 ROLLOUT_RESTORING },
	},
	[ROLLOUT_RESTORING] = {
		[EVENT_VACATED]	   = { ACTION_REVIVE,	 ROLLOUT_RESTORING },
		[EVENT_READY]	   = { ACTION_CHECK,	 ROLLOUT_RESTORING },
		[EVENT_HEALTHY]	   = { ACTION_RESTORED,	 ROLLOUT_IDLE },
		[EVENT_FAILED]	   = { ACTION_LOST,	 ROLLOUT_IDLE },
		[EVENT_EXPIRED]	   = { ACTION_LOST,	 ROLLOUT_IDLE },
	},
};
/* clang-format on */

static const struct {
	const char *state, *phase;
} names[ROLLOUT_STATES] = {
	[ROLLOUT_IDLE] = { "idle", NULL },
	[ROLLOUT_RESOLVING] = { "resolving", "resolve" },
	[ROLLOUT_STARTING] = { "starting", "start" },
	[ROLLOUT_CHECKING] = { "checking", "check" },
	[ROLLOUT_SHIFTING] = { "shifting", "shift" },
	[ROLLOUT_BAKING] = { "baking", "bake" },
	[ROLLOUT_STOPPING] = { "stopping", "stop" },
	[ROLLOUT_RESTORING] = { "restoring", "restore" },
};

static void
take_next_share(struct rollout *rollout)
{
	rollout->met_users = true;
	if (!rollout->alone && rollout->step < rollout->nsteps) {
		rollout->share = rollout->steps[rollout->step++];
		return;
	}
	rollout->share = 100;
	rollout->state = ROLLOUT_BAKING;
}

enum rollout_action
rollout_take(struct rollout *rollout, enum rollout_event event)
{
	struct cell cell = table[rollout->state][event];

	/* No other generation could get the rest. */
	if (rollout->alone && cell.action == ACTION_HOLD)
		return ACTION_REFUSE;
	if (cell.action == ACTION_REFUSE)
		return ACTION_REFUSE;
	if (rollout->state == ROLLOUT_IDLE) {
		rollout->step = 0;
		rollout->share = 0;
		rollout->met_users = false;
		rollout->alone = false;
	}
	if (event == EVENT_VACATED)
		rollout->alone = true;
	if (rollout->alone && cell.action == ACTION_TAKE_BACK)
		cell = (struct cell){ ACTION_RESTORE, ROLLOUT_RESTORING };
	rollout->state = cell.next;
	if (cell.action == ACTION_SHIFT)
		take_next_share(rollout);
	return cell.action;
}

enum rollout_action
rollout_split(struct rollout *rollout, unsigned int percent)
{
	enum rollout_action action = rollout_take(rollout, EVENT_SPLIT);

	if (action != ACTION_REFUSE)
		rollout->share = percent;
	return action;
}

const char *
rollout_state_name(enum rollout_state state)
{
	return names[state].state;
}

const char *
rollout_phase_name(enum rollout_state state)
{
	return names[state].phase;
}
