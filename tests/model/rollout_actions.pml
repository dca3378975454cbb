/* SPDX-License-Identifier: ISC */
/*
 * Part of rollout.pml: the actions of rollout/actions.c and rollout/exclusive.c.
 */
/* THE ACTIONS */

inline use_number()
{
#ifdef TRACE
	last++
#else
	skip
#endif
}

inline make_candidate()
{
	d_step {
		i = 0;
		do
		:: IS_FREE(i) -> break
		:: else -> i++
		od;
		assert(i < N);
		candidate = i;
		to = i;
		i = 0;
		use_number();
#ifdef TRACE
		number[candidate] = last;
#endif
		role[candidate] = ROLE_CANDIDATE;
		wish[candidate] = SHARE_ZERO;
		RECKON(passed[candidate] = 0);
		retiring[candidate] = 0;
		program[candidate] = PROGRAM_NEW
	}
}

/* attempt() */
inline launch(x)
{
	commit();
	d_step { program[x] = PROGRAM_RUNS; RECKON(passed[x] = 0); STAND(x) }
}

inline start_candidate()
{
	if
	:: FAILS; raise(EVENT_FAILED)
	:: true ->
		launch(candidate);
		tell(TOLD_STARTED, candidate);
		d_step { awaits = 1; timer = 1; dirty = 1 }
	fi
}

/* It fails before there is a candidate; its number is not used again. */
#define MAKING_FAILS FAILS; use_number(); raise(EVENT_FAILED)

inline act_start()
{
	if
	:: alone -> start_candidate()
	:: !alone -> make_candidate(); start_candidate()
	:: !alone && MAKING_FAILS
	fi
}

inline act_check()
{
	if
	:: kind == RELEASE_ROLLBACK && candidate == parked ->
		d_step { parked = NOBODY; retiring[candidate] = 0 };
		if
		:: HAS_PASSED(candidate) -> raise(EVENT_HEALTHY)
		/* With --unpark-signal it is checked, too. */
		:: d_step { timer = 1; watched = 1; dirty = 1 }
		fi
	:: else -> watched = 1
	fi
}

inline choose_share()
{
	if
	:: share == SHARE_STEP ->
		if
		:: share = SHARE_PART
		:: share = SHARE_ZERO /* --preview */
#ifdef TRACE
		:: share = SHARE_ALL
#endif
		fi
#ifdef TRACE
		;
		if
		:: true
		:: left++ /* more steps than the tables are printed for */
		fi
#endif
	:: else
	fi
}

inline apply_share()
{
	if
	:: alone ->
		waits = 0;
		none = 0;
		tell(TOLD_RESUMED, candidate)
	:: else
	fi;
	d_step {
		set_share(share);
		dirty = 1
	};
	steer();
	if
	:: FAILS; raise(EVENT_FAILED)
	:: true ->
		if
		:: IS_OLD -> tell(TOLD_SHIFTED, candidate)
		:: else
		fi
	fi
}

inline act_shift()
{
	choose_share();
	timer = 0;
	if
	:: IS_OLD -> timer = 1
	/* A first start, or no bake: the outcome follows at once. */
	:: state == ROLLOUT_BAKING
	fi;
	apply_share();
	if
	:: event == NO_EVENT && !timer -> raise(EVENT_BAKED)
	:: else
	fi
}

inline dismiss_old()
{
	if
	:: !IS_OLD || alone
	:: IS_OLD && !alone && kind != RELEASE_ROLLBACK &&
	    SEEMS_TO_RUN(old) ->
		parked = old;
		role[old] = ROLE_PARKED;
		retiring[old] = 1;
		dirty = 1
	:: IS_OLD && !alone -> drain(old)
	fi
}

inline act_promote()
{
	if
	:: wish[candidate] != SHARE_ALL ->
#ifndef MUTANT_PROMOTED_WITHOUT_ALL
		d_step { set_share(SHARE_ALL) };
		steer()
#else
		skip
#endif
	:: else
	fi;
	atomic {
		role[candidate] = ROLE_ACTIVE;
		serving = candidate;
		none = 0;
		g = parked;
		dismiss_old();
		if
		:: g != NOBODY && g != candidate -> drain(g)
		:: else
		fi;
		g = 0
	};
	if
	:: kind == RELEASE_ROLLBACK -> tell(TOLD_ROLLED_BACK, candidate)
	:: else -> tell(TOLD_PROMOTED, candidate)
	fi;
	d_step { let_go() };
	if
	:: kind == RELEASE_FIRST -> d_step { untold = 0; journal = id }
	/* A rollback that succeeds: the target serves. */
	:: else -> tell_outcome(RESULT_PROMOTED)
	fi;
	forget()
}

inline act_take_back()
{
	exclusive = exclusive_before;
	if
	:: candidate != NOBODY ->
#ifdef MUTANT_STOPPED_BEFORE_STEERED
		role[candidate] = ROLE_FAILED;
		stop(candidate);
#endif
#ifndef MUTANT_TAKEN_BACK_WITHOUT_SHARE
		d_step { set_share(SHARE_ZERO) };
#endif
		if
		:: IS_OLD -> steer()
		:: else
		fi;
		role[candidate] = ROLE_FAILED;
		if
		:: met -> d_step { drain(candidate) }
		:: else -> stop(candidate)
		fi
	:: else
	fi;
	if
	:: kind == RELEASE_FIRST ->
		tell(TOLD_ABORTED, to);
		d_step { let_go(); untold = 0; journal = id };
		end_service()
	:: else -> tell_back()
	fi;
	try_again()
}

inline try_again()
{
	if
	:: serving != NOBODY && program[serving] == PROGRAM_GIVEN_UP ->
		program[serving] = PROGRAM_BACKOFF
	:: else
	fi
}

/* Users wait for the candidate, and whatever is in the way shall end. */
inline let_wait()
{
	d_step {
		RECKON(none = 1);
		set_share(SHARE_ALL)
	};
	steer()
}

inline empty_the_way()
{
	d_step {
		i = 0;
		do
		:: i < N ->
			if
			:: IN_WAY(i) && role[i] != ROLE_DRAINING &&
			    role[i] != ROLE_FAILED -> drain(i)
			:: else
			fi;
			i++
		:: else -> break
		od;
		i = 0
	}
}

/* What exclusive_resume() does, where the candidate was not alone yet. */
inline vacate_again()
{
	if
	:: !waits -> waits = 1; tell(TOLD_PAUSED, old)
	:: else
	fi;
	if
	:: !alone -> let_wait(); empty_the_way()
	:: else
	fi;
	look()
}

inline act_vacate()
{
	if
	:: MAKING_FAILS
	:: true ->
		make_candidate();
		let_wait();
		waits = 1;
		tell(TOLD_PAUSED, candidate);
		empty_the_way();
		look()
	fi
}

inline give_back()
{
	d_step { set_share(SHARE_ZERO) };
	steer()
}

inline act_restore()
{
#ifndef MUTANT_READY_WHILE_IT_STOPS
	awaits = 0;
#endif
	timer = 0;
	exclusive = exclusive_before;
	d_step { role[candidate] = ROLE_FAILED; dirty = 1 };
	tell(TOLD_RESTORING, old);
	if
	:: alone ->
		RECKON(none = 1);
		if
		:: !waits -> waits = 1; tell(TOLD_PAUSED, old)
		:: else
		fi;
		give_back();
		if
		:: met && program[candidate] == PROGRAM_RUNS ->
			d_step { drain(candidate) }
		:: true -> stop(candidate)
		fi
	:: else
	fi
}

inline act_revive()
{
	if
	:: program[candidate] != PROGRAM_NONE ->
		give_back();
		stop(candidate)
	:: else
	fi;
	/* generation_revive(): a new run of the same generation */
	d_step {
		candidate = old;
		old = NOBODY;
		role[candidate] = ROLE_ACTIVE;
		retiring[candidate] = 0;
		program[candidate] = PROGRAM_NEW
	};
	if
	:: FAILS; raise(EVENT_FAILED)
	:: true ->
		launch(candidate);
		d_step { set_share(SHARE_ALL) };
		steer();
		tell(TOLD_RESTARTED, candidate);
		d_step { awaits = 1; timer = 1; dirty = 1 }
	fi
}

inline act_restored()
{
	waits = 0;
	none = 0;
	tell(TOLD_RESUMED, candidate);
	tell_back()
}

inline act_lost()
{
	lost = 1;
	waits = 0;
	RECKON(none = 1);
	tell_back();
	if
	:: serving != NOBODY && !ending && !MAIN_RUNS(serving) ->
		start_again(serving)
	:: else
	fi
}

inline act()
{
	if
	:: action == ACTION_REFUSE || action == ACTION_RESOLVE
	:: action == ACTION_START -> act_start()
	:: action == ACTION_CHECK -> act_check()
	:: action == ACTION_SHIFT -> act_shift()
	:: action == ACTION_HOLD ->
		if
		:: share = SHARE_PART
		:: share = SHARE_ZERO
		:: share = SHARE_ALL
		fi;
		timer = 0;
		apply_share()
	:: action == ACTION_PROMOTE -> act_promote()
	:: action == ACTION_TAKE_BACK || action == ACTION_GIVE_UP ->
		act_take_back()
	:: action == ACTION_VACATE -> act_vacate()
	:: action == ACTION_RESTORE -> act_restore()
	:: action == ACTION_REVIVE -> act_revive()
	:: action == ACTION_RESTORED -> act_restored()
	:: action == ACTION_LOST -> act_lost()
	fi
}
