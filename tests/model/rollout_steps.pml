/* SPDX-License-Identifier: ISC */
/*
 * Part of rollout.pml: the steps of which a rollout's actions are made.
 */
/* STEPS */

inline commit()
{
	d_step { write_checkpoint() }
}

inline write_checkpoint()
{
		s_state = state; s_left = left; s_share = share; s_kind = kind;
		s_candidate = candidate; s_alone = alone; s_met = met;
		s_untold = untold; s_handed = handed; s_waits = waits;
		s_lost = lost; s_ending = ending; s_from = from; s_to = to;
		s_serving = serving; s_parked = parked; s_id = id;
		s_exclusive = exclusive; s_exclusive_before = exclusive_before;
#ifdef TRACE
		s_last = last;
#endif
		i = 0;
		do
		:: i < N ->
			s_role[i] = role[i];
			s_wish[i] = wish[i];
			s_retiring[i] = retiring[i];
			s_made[i] = program[i] == PROGRAM_NEW;
			i++
		:: else -> break
		od;
		i = 0;
		dirty = 0
}

/* steering_apply(): the checkpoint is written first. */
inline steer()
{
#ifdef MUTANT_STEERED_BEFORE_COMMIT
	d_step { put_in_force() };
	commit()
#else
	commit();
	d_step { put_in_force() }
#endif
}

inline put_in_force()
{
	i = 0;
	do
	:: i < N ->
		RECKON(force[i] = wish[i]);
		i++
	:: else -> break
	od;
	i = 0;
	RECKON(had_users = had_users || HAVE_USERS);
	promises()
}

inline set_share(s)
{
	wish[candidate] = s;
	if
	:: IS_OLD -> wish[old] = OTHER(s)
	:: else
	fi
}

inline raise(e)
{
	assert(event == NO_EVENT);
	event = e
}

/* A call of the kernel fails. */
#define FAILS HAVE(failures) -> SPEND(failures)

/* retire_drain(), retire_stop() */
inline drain(x)
{
	parked = (parked == (x) -> NOBODY : parked);
	role[x] = (role[x] == ROLE_FAILED -> ROLE_FAILED : ROLE_DRAINING);
	retiring[x] = 1;
	watched = (candidate == (x) -> 0 : watched);
	dirty = 1
}

inline stop(x)
{
	d_step {
		parked = (parked == (x) -> NOBODY : parked);
		role[x] = (role[x] == ROLE_FAILED -> ROLE_FAILED : ROLE_DRAINING);
		retiring[x] = 1;
		watched = (candidate == (x) -> 0 : watched)
	};
	commit();
	d_step {
		PROMISE(!HAS_SHARE(x) || none || ending || kind == RELEASE_FIRST);
		program[x] = (program[x] == PROGRAM_NONE -> PROGRAM_NONE : PROGRAM_STOPPING)
	}
}

/* Its place is free, if nothing means it any more: prune_generations(). */
#define MAY_FORGET(x)                                                     \
	((role[x] == ROLE_RETIRED || role[x] == ROLE_FAILED) &&		  \
	    program[x] == PROGRAM_NONE && (x) != serving &&		  \
	    (x) != candidate && (x) != old && (!untold || ((x) != from && (x) != to)))

inline forget_one(x)
{
	if
	:: MAY_FORGET(x) ->
		role[x] = ROLE_NONE;
		wish[x] = 0;
		RECKON(passed[x] = 0);
		retiring[x] = 0;
		dirty = 1
	:: else
	fi
}

inline forget()
{
	d_step {
		i = 0;
		do
		:: i < N -> forget_one(i); i++
		:: else -> break
		od;
		i = 0
	}
}

/* exclusive_look() */
#define IN_WAY(x) \
	(program[x] != PROGRAM_NONE && ((x) != candidate || alone))
#define ANY_IN_WAY ANY(IN_WAY)

inline look()
{
	if
	:: !ending && event == NO_EVENT && !ANY_IN_WAY &&
	    (state == ROLLOUT_STOPPING || state == ROLLOUT_RESTORING) ->
		raise(EVENT_VACATED)
	:: else
	fi
}

inline let_go()
{
	left = 0;
	share = 0;
	timer = 0;
	awaits = 0;
	watched = 0;
	exclusive_before = 0;
	candidate = NOBODY;
	old = NOBODY
}

/* outcome_tell(): exactly one outcome of each rollout, and it is what was so. */
inline tell_outcome(r)
{
	d_step {
		untold = 0;
		PROMISE(r != RESULT_PROMOTED || (force[to] == SHARE_ALL &&
		    serving == to && (passed[to] || kind == RELEASE_FIRST)));
		PROMISE(r == RESULT_PROMOTED || serving == NOBODY || lost ||
		    force[serving] == SHARE_ALL);
		PROMISE(r != RESULT_ABORTED || kind == RELEASE_ROLLBACK ||
		    !had_users || serving == NOBODY);
		PROMISE(r != RESULT_ROLLED_BACK || had_users ||
		    kind == RELEASE_ROLLBACK);
		PROMISE(r == RESULT_PROMOTED || kind == RELEASE_ROLLBACK ||
		    force[to] == SHARE_ZERO || kind == RELEASE_FIRST || lost);
		PROMISE(!inherited || journal != id ||
		    journal_serves == (r == RESULT_PROMOTED));
	};
	if
#ifndef MUTANT_OUTCOME_TWICE
	:: inherited && journal == id -> skip
#endif
	:: else ->
		d_step {
			assert((journal + 1) % 256 == id);
			journal = id;
			journal_serves = (r == RESULT_PROMOTED)
		}
	fi;
	commit()
}

/* candidate_tell_back() */
inline tell_back()
{
	if
	:: met && kind != RELEASE_ROLLBACK ->
		tell(TOLD_ROLLED_BACK, to);
		d_step { let_go() };
		tell_outcome(RESULT_ROLLED_BACK)
	:: else ->
		tell(TOLD_ABORTED, to);
		d_step { let_go() };
		tell_outcome(RESULT_ABORTED)
	fi;
	forget()
}
