/* SPDX-License-Identifier: ISC */
/*
 * Part of rollout.pml: what a new supervisor does with what it finds: service/recovery.c and
 * rollout/resumption.c.
 */
/* THE SUCCESSOR */

inline restore()
{
	d_step {
		event = NO_EVENT; action = 0; resume = 0; g = 0;
		awaits = 0; watched = 0; timer = 0; dirty = 0; leaving = 0;
		settled = 0;
		inherited = 1;
		state = s_state; kind = s_kind; alone = s_alone; met = s_met;
		untold = s_untold; waits = s_waits; lost = s_lost;
		ending = s_ending; ended = s_ending; from = s_from; to = s_to; id = s_id;
		handed = s_handed; serving = s_serving; parked = s_parked;
		exclusive = s_exclusive; exclusive_before = s_exclusive_before;
		candidate = (s_untold -> s_candidate : NOBODY);
		old = (s_untold -> s_from : NOBODY);
		left = (s_handed -> s_left : 0);
		share = (s_handed -> s_share : 0);
#ifdef TRACE
		last = s_last;
#endif
		i = 0;
		do
		:: i < N ->
			role[i] = s_role[i];
			wish[i] = s_wish[i];
			retiring[i] = s_retiring[i];
			program[i] = (role[i] == ROLE_NONE ||
			    (program[i] == PROGRAM_NEW && !s_made[i]) ->
			    PROGRAM_NONE : program[i]);
			/* An active one that does not run is started. */
			program[i] = (role[i] == ROLE_ACTIVE &&
			    (program[i] == PROGRAM_GIVEN_UP ||
				(program[i] == PROGRAM_NEW && i != candidate)) ->
			    PROGRAM_BACKOFF : program[i]);
			i++
		:: else -> break
		od;
		i = 0
	}
}

/* generation_resume(), of what was to end or to wait */
#define SHALL_STOP(x)                                                       \
	(program[x] != PROGRAM_NONE && role[x] != ROLE_CANDIDATE &&         \
	    role[x] != ROLE_ACTIVE && role[x] != ROLE_NONE && wish[x] == 0 &&  \
	    !retiring[x] && !IS_UNPARKED(x))
#ifdef MUTANT_UNPARKED_IS_STOPPED
#define IS_UNPARKED(x) false
#else
#define IS_UNPARKED(x) (role[x] == ROLE_PARKED && (x) == candidate)
#endif

inline resume_generations()
{
	g = 0;
	do
	:: g < N ->
		if
		:: SHALL_STOP(g) -> stop(g)
		:: else
		fi;
		g++
	:: else -> break
	od;
	g = 0
}

inline go_on_or_fail(e)
{
	if
	:: program[candidate] != PROGRAM_NEW -> awaits = 1; timer = 1
	:: program[candidate] == PROGRAM_NEW ->
		launch(candidate);
		awaits = 1;
		timer = 1
	:: program[candidate] == PROGRAM_NEW && HAVE(failures) ->
		SPEND(failures);
		raise(e)
	fi
}

inline resume_release()
{
	d_step { table_resume(); handed = 0 };
	if
	:: resume == GO_ON_STARTING -> awaits = 1; timer = 1
	:: resume == GO_ON_CHECKING -> watched = 1; timer = 1
	:: resume == GO_ON_SHIFTING ->
		watched = 1;
		if
		:: timer = 1
		:: true
		fi
	:: resume == LOOK -> look()
	:: resume == GO_ON_RESTORING ->
		if
		:: candidate == NOBODY -> raise(EVENT_FAILED)
		:: role[candidate] != ROLE_ACTIVE && candidate != NOBODY ->
			vacate_again()
		:: role[candidate] == ROLE_ACTIVE && candidate != NOBODY ->
			old = NOBODY;
			go_on_or_fail(EVENT_FAILED)
		fi
	:: resume == TELL_THAT_IT_SERVES ->
		d_step { let_go() };
		if
		:: kind == RELEASE_FIRST -> d_step { untold = 0; journal = id }
		:: else -> tell_outcome(RESULT_PROMOTED)
		fi
	:: resume == TELL_THAT_IT_FAILED ->
		d_step { let_go() };
		if
		:: kind == RELEASE_FIRST ->
			d_step { untold = 0; journal = id };
			end_service()
		:: kind != RELEASE_FIRST && met && kind != RELEASE_ROLLBACK ->
			tell_outcome(RESULT_ROLLED_BACK)
		:: else -> tell_outcome(RESULT_ABORTED)
		fi
	:: resume == GO_ON_BAKING ->
		share = SHARE_ALL;
		met = 1;
		parked = (parked == candidate -> NOBODY : parked);
		watched = 1;
		timer = 1
	:: resume == SERVE_AS_WRITTEN ->
		share = SHARE_ALL;
		met = 1;
		parked = (parked == candidate -> NOBODY : parked);
		raise(EVENT_PROMOTE)
	:: resume == START_FIRST_AGAIN -> go_on_or_fail(EVENT_FAILED)
	:: resume == RESOLVE_AGAIN -> raise(EVENT_BEGIN)
	:: resume == COME_BACK -> raise(EVENT_ABORT)
	:: resume == TAKE_BACK_AGAIN -> raise(EVENT_FAILED)
	:: resume == COME_BACK_IF_AWAITED ->
		give_back();
		if
		:: raise(EVENT_FAILED)
		:: resume = COME_BACK; raise(EVENT_ABORT)
		fi
	fi
}

/* A candidate of which no rollout is under way. */
inline dismiss_strays()
{
	g = 0;
	do
	:: g < N ->
		if
		:: role[g] == ROLE_CANDIDATE && g != candidate ->
			role[g] = ROLE_FAILED;
			wish[g] = 0;
			stop(g)
		:: else
		fi;
		g++
	:: else -> break
	od;
	g = 0
}

inline recover()
{
	steer();
	resume_generations();
	recovering = (handed -> 3 : 2);
	if
	:: untold -> resume_release()
	:: else ->
#ifndef MUTANT_HANDED_FOR_EVER
		handed = 0
#else
		skip
#endif
	fi
}

inline settle()
{
	if
	:: resume == COME_BACK ->
		resume = NOTHING;
		vacate_again()
	:: resume != COME_BACK && !settled ->
		resume = NOTHING;
		settled = 1;
		dismiss_strays();
		if
		:: ended -> ended = 0; ending = 0; end_service()
		:: else
		fi
	:: resume != COME_BACK && settled ->
		if
		:: recovering == 3 -> EXPECT_NEWS
		:: recovering == 2 -> tell(TOLD_RECOVERED, serving)
		fi;
		FORGET_KILLS;
		settled = 0;
		recovering = 0;
		dirty = 1
	fi
}
