/* SPDX-License-Identifier: ISC */
/*
 * A rollout on one host in Promela: the actions of rollout/actions.c and
 * rollout/exclusive.c, step by step, upon the tables of core/rollout.c and
 * rollout/resumption.c, which tests/model/tables.c prints as tables.pml.
 *
 * The supervisor may be killed between any two steps; what it knows is lost up
 * to the last checkpoint, what the kernel has stays.  Programs die at any time.
 *
 * -DTRACE makes a program of it that follows the events of a service that
 * really ran, tests/model/trace.h.  tests/model/rollout.sh checks it, and that
 * each mutant (-DMUTANT_...) fails.
 */

#ifdef TRACE
#define N	  20
#define COMMANDS  0
#define KILLS	  0
#define DEATHS	  0
#define FAILURES  0
#else
#define N 3 /* generations that are there at one time */
#ifndef COMMANDS
#define COMMANDS 3
#endif
#ifndef KILLS
#define KILLS 1
#endif
#ifndef DEATHS
#define DEATHS 1
#endif
#ifndef FAILURES
#define FAILURES 1 /* calls of the kernel that fail */
#endif
#endif
#ifdef TRACE
#define SPEND(x) skip
#define HAVE(x)	 true
#else
#define SPEND(x) x--
#define HAVE(x)	 (x > 0)
#endif
#ifdef TRACE
#define ANY(is)                                                           \
	(is(0) || is(1) || is(2) || is(3) || is(4) || is(5) || is(6) ||   \
	    is(7) || is(8) || is(9) || is(10) || is(11) || is(12) ||      \
	    is(13) || is(14) || is(15) || is(16) || is(17) || is(18) ||   \
	    is(19))
#else
#define ANY(is) (is(0) || is(1) || is(2))
#endif
#define NOBODY	  N
#define ROLE_NONE 6
#define NO_EVENT  ROLLOUT_EVENTS

/* A share: the candidate has a part, its predecessor the rest of it. */
#define SHARE_ZERO 0
#define SHARE_PART 1
#define SHARE_REST 2
#define SHARE_ALL  3
#define SHARE_STEP 4 /* the table's word for the next of --canary */
#define OTHER(s)   (3 - (s))

/* A generation's program. */
#define PROGRAM_NONE	 0 /* it has ended for good */
#define PROGRAM_NEW	 1 /* not started yet */
#define PROGRAM_RUNS	 2
#define PROGRAM_DEAD	 3 /* ended, and nobody has noticed */
#define PROGRAM_BACKOFF	 4 /* it shall be started again */
#define PROGRAM_GIVEN_UP 5
#define PROGRAM_STOPPING 6

#define RESULT_PROMOTED	   0
#define RESULT_ABORTED	   1
#define RESULT_ROLLED_BACK 2

/* What rows of resumption.c ask for. */
#define HAS_ALL	 (wish[candidate] == SHARE_ALL)
#define WRITTEN	 (journal == id && journal_serves)
#include "tables.pml"

/* WHAT A SUPERVISOR KNOWS, and its checkpoint of that */

byte state, left, share, kind, candidate = NOBODY, old = NOBODY;
bit alone, met, untold, inherited, handed, waits, lost, ending;
byte from = NOBODY, to = NOBODY, serving = NOBODY, parked = NOBODY, id;
byte role[N + 1], wish[N + 1];
bit retiring[N + 1]; /* parked, or on its way out */
bit exclusive, exclusive_before; /* --strategy, and what an undo puts back */
bit awaits, watched, timer, dirty; /* not in the checkpoint */
byte event = NO_EVENT, action, resume;

byte s_state, s_left, s_share, s_kind, s_candidate = NOBODY;
bit s_alone, s_met, s_untold, s_handed, s_waits, s_lost, s_ending;
byte s_from = NOBODY, s_to = NOBODY, s_serving = NOBODY, s_parked = NOBODY;
bit s_exclusive, s_exclusive_before;
byte s_id, s_role[N + 1], s_wish[N + 1];
bit s_retiring[N + 1], s_made[N + 1]; /* made: its program is PROGRAM_NEW */

/* WHAT OUTLIVES IT */

byte force[N + 1];   /* the shares that the kernel keeps to */
byte program[N + 1];
byte journal;	     /* the newest rollout of which the history tells */
bit journal_serves;  /* the history says that its candidate serves */

#ifdef TRACE
bit fell[N + 1]; /* its crash has been told, and it does not serve */
#define FALL(x)	 fell[x] = 1
#define STAND(x) fell[x] = 0
#else
#define FALL(x)	 skip
#define STAND(x) skip
#endif

/* WHAT IS SO, for the promises alone */

bit passed[N + 1]; /* it has passed its check since its start */
bit had_users;	   /* the candidate has had a share, with its check passed */
bit none;	   /* the service says that nobody serves */
byte commands = COMMANDS, kills = KILLS, deaths = DEATHS, failures = FAILURES;
bit killed, over;
byte recovering;
bit settled; /* all but to say that it has recovered */
bit ended;   /* what it has found was to end */
bit leaving; /* the rollout that is under way ends before the service */
byte g, i;

#define IS_OLD (old != NOBODY)

/* A place for one more generation. */
#define IS_FREE(x) (role[x] == ROLE_NONE && program[x] == PROGRAM_NONE)
#define IS_ROOM	   ANY(IS_FREE)

/* A death is noticed at any later time; a trace does not show it. */
#ifdef TRACE
#define IS_DEAD(x) (program[x] == PROGRAM_RUNS)
#else
#define IS_DEAD(x) (program[x] == PROGRAM_DEAD)
#endif
#define SEEMS_TO_RUN(x) \
	(program[x] == PROGRAM_RUNS || program[x] == PROGRAM_DEAD)

/* Has a generation that is stopped still its main process? */
#define MAIN_RUNS(x) (SEEMS_TO_RUN(x) || program[x] == PROGRAM_STOPPING)

/* Does the supervisor know that it passes since its start? */
#if defined(TRACE) || defined(MUTANT_PARKED_IS_TRUSTED)
#define HAS_PASSED(x) true
#else
#define HAS_PASSED(x) passed[x]
#endif

/* EVENTS THAT USERS SEE; events_emit() marks the checkpoint as out of date */

#define TOLD_STARTED	 1
#define TOLD_READY	 2
#define TOLD_SHIFTED	 3
#define TOLD_PROMOTED	 4
#define TOLD_ROLLED_BACK 5
#define TOLD_ABORTED	 6
#define TOLD_PAUSED	 7
#define TOLD_RESUMED	 8
#define TOLD_RESTORING	 9
#define TOLD_RESTARTED	 10
#define TOLD_RECOVERED	 11
#define TOLD_CRASHED	 12
#define TOLD_GIVEN_UP	 13
#define TOLD_DRAINED	 14
#define TOLD_RETIRED	 15
#define TOLD_STOPPING	 16
#define TOLD_STOPPED	 17
#define TOLD_REEXECUTING 18
#define TOLD_REEXECUTED	 19
#define TOLD_REEXEC_FAILED 20

#ifdef TRACE
c_decl {
\#include "trace.h"
};
int pos;
byte told, about;
int number[N + 1], last, s_last;

#define tell(what, whom)                                              \
	atomic {                                                      \
		told = what;                                          \
		about = whom;                                         \
		c_expr { (trace_fits(now.pos, now.told,               \
		    now.number[now.about], now.number[now.serving],   \
		    now.wish[now.about], now.state) == 1) };          \
		pos++;                                                \
		dirty = 1;                                            \
		told = 0;                                             \
		about = 0;                                            \
		c_code { trace_reached(now.pos); }                    \
	}
#define MAY_BE_KILLED c_expr { (trace_may_be_killed(now.pos, now.kills) == 1) }
#define SPEND_KILL    kills++
#define FORGET_KILLS  kills = 0
#define EXPECT_NEWS   news = 1
#define NO_NEWS	      (!news)
bit news; /* the keeper is to say which build it has started */
#define RECKON(x)     skip
#define PROMISE(x)    skip
#else
#define tell(what, whom) dirty = 1
#define MAY_BE_KILLED kills > 0
#define SPEND_KILL    kills--
#define FORGET_KILLS  skip
#define EXPECT_NEWS   dirty = 1
#define NO_NEWS	      true
#define RECKON(x)     x
#define PROMISE(x)    assert(x)
#endif

/* THE PROMISES */

#define HAS_SHARE(x)  (force[x] != SHARE_ZERO)
/* One that serves, and is started again, keeps its share. */
#define IS_CHECKED(x)                                                  \
	(!HAS_SHARE(x) || passed[x] || none || kind == RELEASE_FIRST || \
	    (x) == serving)
#define IS_ALIVE(x)                                                    \
	(!HAS_SHARE(x) || none || ending ||                            \
	    (program[x] != PROGRAM_NONE && program[x] != PROGRAM_NEW && \
		program[x] != PROGRAM_STOPPING))
#define SUM ((force[0] + force[1] + force[2]) == SHARE_ALL)
#define ONE_HAS_ALL						       \
	((force[0] == SHARE_ALL) + (force[1] == SHARE_ALL) +	       \
		(force[2] == SHARE_ALL) == 1 ||			       \
	    (force[0] != SHARE_ALL && force[1] != SHARE_ALL &&	       \
		force[2] != SHARE_ALL))

inline promises()
{
	PROMISE(IS_CHECKED(0) && IS_CHECKED(1) && IS_CHECKED(2));
	PROMISE(IS_ALIVE(0) && IS_ALIVE(1) && IS_ALIVE(2));
	PROMISE(serving == NOBODY || none || ending || (SUM && ONE_HAS_ALL))
}

#define HAVE_USERS (state == ROLLOUT_SHIFTING || state == ROLLOUT_BAKING)

#include "rollout_steps.pml"
#include "rollout_actions.pml"
#include "rollout_turns.pml"
#include "rollout_successor.pml"

inline begin_first()
{
	begin(RELEASE_FIRST);
	raise(EVENT_BEGIN)
}

#ifdef TRACE
/* A part of a service's life, which one generation has to itself. */
inline take_up()
{
	choose_strategy();
	c_code { now.number[0] = now.last = trace_active(); };
	kind = RELEASE_UPGRADE;
	serving = 0;
	role[0] = ROLE_ACTIVE;
	wish[0] = SHARE_ALL;
	program[0] = PROGRAM_RUNS
}
#endif

#define CALM (!over && event == NO_EVENT && !leaving)

inline live()
{
	do
	:: over -> break
	:: !over && recovering == 1 -> recover()
	:: !over && recovering != 1 && event != NO_EVENT ->
		d_step { table_take(); event = NO_EVENT };
		act();
		action = 0
	:: !over && recovering != 1 && event == NO_EVENT && leaving -> leave()
	:: CALM && recovering > 1 -> settle()
	:: CALM && !recovering && dirty -> commit()
	:: CALM && !recovering && !dirty -> turn()
	od
}

proctype supervisor()
{
again:
	{ live() } unless { killed };
	if
	:: over
	:: else ->
		atomic { killed = 0; recovering = 1; restore() };
		goto again
	fi
}

proctype killer()
{
end:	do
	:: atomic { MAY_BE_KILLED && !killed && !over ->
		SPEND_KILL;
		killed = 1 }
	od
}

#ifndef TRACE
#define DIES(x)                                                       \
	atomic { deaths > 0 && program[x] == PROGRAM_RUNS && !over -> \
		deaths--; program[x] = PROGRAM_DEAD }

proctype world()
{
end:	do
	:: DIES(0)
	:: DIES(1)
	:: DIES(2)
	od
}
#endif

init
{
	atomic {
		i = 0;
		do
		:: i <= N -> role[i] = ROLE_NONE; i++
		:: else -> break
		od;
		i = 0;
#ifdef TRACE
		if
		:: c_expr { (trace_active() == 0) } -> begin_first()
		:: c_expr { (trace_active() != 0) } -> take_up()
		fi;
#else
		begin_first();
#endif
		commit();
		/* The last one goes first in a search. */
		run killer();
		run supervisor();
#ifndef TRACE
		run world()
#endif
	}
}
