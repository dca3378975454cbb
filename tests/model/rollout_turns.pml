/* SPDX-License-Identifier: ISC */
/*
 * Part of rollout.pml: what is asked of a supervisor, and what happens in its loop.
 */
/* REQUESTS */

inline begin(what)
{
	d_step {
		/* Whoever asked before has got an outcome. */
		assert(journal == id);
		/* What a predecessor handed over has been taken up. */
		assert(!handed);
		kind = what;
		id++;
		untold = 1;
		inherited = 0;
		met = 0;
		alone = 0;
		lost = 0;
		RECKON(had_users = 0);
		exclusive_before = exclusive;
		from = serving;
		old = serving;
		to = NOBODY;
		candidate = NOBODY;
		left = 0;
		share = 0;
		dirty = 1
	}
}

/* An upgrade may have a strategy of its own, which it keeps if it serves. */
inline choose_strategy()
{
	if
	:: exclusive = 0
	:: exclusive = 1
	fi
}

#define IS_WARM (parked != NOBODY && SEEMS_TO_RUN(parked))

inline begin_warm()
{
	d_step { candidate = parked; to = parked };
	raise(EVENT_BEGIN_WARM)
}

inline plan()
{
	if
	:: left = 0
	:: !exclusive && IS_OLD -> left = 1
	:: !exclusive && IS_OLD -> left = 2
	fi
}

/* ending_begin() */
inline end_service()
{
	if
	:: !ending ->
		tell(TOLD_STOPPING, NOBODY);
		/* What is under way is aborted first. */
		leaving = 1;
		if
		:: state != ROLLOUT_RESTORING && state != ROLLOUT_IDLE &&
		    kind != RELEASE_FIRST -> raise(EVENT_ABORT)
		:: else
		fi
	:: else
	fi
}

/* Nobody is started again either. */
inline leave()
{
	if
	:: state == ROLLOUT_RESTORING ->
		ending = 1;
		raise(EVENT_FAILED)
	:: else -> d_step { leaving = 0; ending = 1; dirty = 1 }
	fi
}

/* request_rescue() */
inline give_up_active(x)
{
	program[x] = PROGRAM_GIVEN_UP;
	if
	:: ending
	:: !ending && state == ROLLOUT_RESTORING -> raise(EVENT_FAILED)
	:: !ending && state != ROLLOUT_RESTORING && state != ROLLOUT_IDLE ->
		left = 0;
		raise(EVENT_HELD)
	:: !ending && state == ROLLOUT_IDLE && IS_WARM ->
		tell(TOLD_GIVEN_UP, x);
		begin(RELEASE_ROLLBACK);
		begin_warm()
	:: !ending && state == ROLLOUT_IDLE && !IS_WARM -> end_service()
	fi
}

/* generation_start_again() */
inline start_again(x)
{
	if
	:: program[x] = PROGRAM_BACKOFF
	:: give_up_active(x)
	fi
}

/* The system lacks something: the candidate may serve, and it is tried again. */
inline lack(x)
{
	if
	:: true
	:: state != ROLLOUT_IDLE && state != ROLLOUT_RESTORING ->
		left = 0;
		raise(EVENT_HELD)
	:: state == ROLLOUT_IDLE && IS_WARM -> give_up_active(x)
	fi
}

/* THE TURNS OF THE LOOP */

/* generation_close(): the checkpoint is written before the descriptors go. */
inline finish(x)
{
	d_step {
		program[x] = PROGRAM_NONE;
		retiring[x] = 0;
		role[x] = (role[x] == ROLE_FAILED -> ROLE_FAILED : ROLE_RETIRED);
		write_checkpoint()
	};
	tell(TOLD_RETIRED, x);
	forget();
	look()
}

#define IS_OFF(x) \
	(program[x] == PROGRAM_NEW || program[x] == PROGRAM_BACKOFF || \
	    program[x] == PROGRAM_GIVEN_UP)
#define KEEP_ENDS(x) (role[x] == ROLE_PARKED && retiring[x] && program[x] != PROGRAM_NONE && program[x] != PROGRAM_STOPPING)
#define DRAINS(x)                                                       \
	(retiring[x] && role[x] != ROLE_PARKED && \
	    (program[x] == PROGRAM_RUNS || IS_OFF(x)))
#define CRASHED(x) (IS_DEAD(x) && ((x) != candidate || state == ROLLOUT_RESTORING || role[x] == ROLE_FAILED || ending))
#define SERVES(x)  (role[x] == ROLE_ACTIVE && !ending)
#ifdef MUTANT_STARTED_WHILE_IT_ENDS
#define MAY_START(x) (role[x] == ROLE_ACTIVE)
#else
#define MAY_START(x) SERVES(x)
#endif
#define COMES_BACK(x) \
	(program[x] == PROGRAM_BACKOFF && MAY_START(x) && !retiring[x])
#define CANDIDATE_ENDED(x) (IS_DEAD(x) && (x) == candidate && role[x] != ROLE_FAILED && state != ROLLOUT_RESTORING && state != ROLLOUT_IDLE && !ending)

#define ENDS(x)                                                         \
	(ending && program[x] != PROGRAM_NONE && program[x] != PROGRAM_STOPPING && !retiring[x])
#define CAN_NOTICE(x)                                                        \
	(ENDS(x) || KEEP_ENDS(x) || DRAINS(x) || program[x] == PROGRAM_STOPPING ||      \
	    CRASHED(x) || COMES_BACK(x) || CANDIDATE_ENDED(x))

/* What happens to one generation. */
inline notice(x)
{
	if
	:: ENDS(x) -> d_step { drain(x) }
	:: KEEP_ENDS(x) -> d_step { drain(x) }
	/* Its connections have ended, or their time. */
	:: DRAINS(x) ->
		if
		:: tell(TOLD_DRAINED, x)
		:: true
		fi;
		stop(x)
	:: program[x] == PROGRAM_STOPPING -> finish(x)
#ifdef TRACE
	/* ending_begin() drains also who was told to stop. */
	:: program[x] == PROGRAM_STOPPING && ending && role[x] == ROLE_FAILED ->
		tell(TOLD_DRAINED, x)
#endif
	:: CRASHED(x) && !SERVES(x) -> tell(TOLD_CRASHED, x); FALL(x); stop(x)
#ifdef TRACE
	/* In the grace period before its signal it may end by itself. */
	:: program[x] == PROGRAM_STOPPING && !fell[x] ->
		tell(TOLD_CRASHED, x);
		FALL(x)
#endif
	:: CRASHED(x) && SERVES(x) ->
		tell(TOLD_CRASHED, x);
		start_again(x)
#ifdef TRACE
	:: CRASHED(x) && SERVES(x) -> tell(TOLD_RESTARTED, x) /* in another way */
#endif
	:: COMES_BACK(x) ->
		PROMISE(!ending);
		launch(x);
		tell(TOLD_RESTARTED, x)
	:: COMES_BACK(x) && HAVE(failures) ->
		SPEND(failures);
		if
		:: lack(x)
		:: start_again(x)
		fi
	:: CANDIDATE_ENDED(x) ->
		if
		:: raise(EVENT_EXITED)
#ifdef TRACE
		:: tell(TOLD_RESTARTED, x) /* in another way */
#endif
		fi
	fi
}

/* One that was told to stop may still say that it is ready. */
#define RUNS \
	(program[candidate] == PROGRAM_RUNS || program[candidate] == PROGRAM_STOPPING)
#define IS_BEING_CHECKED \
	(state == ROLLOUT_CHECKING || (state == ROLLOUT_RESTORING && !awaits))
#ifdef TRACE
#define IS_AT_REST   false
#else
#define IS_THERE(x)  (program[x] != PROGRAM_NONE)
#define ALL_GONE     (!ANY(IS_THERE))
/* It stays like this until somebody asks for something. */
#define IS_AT_REST                                                     \
	(ending -> ALL_GONE :                                          \
	    (state == ROLLOUT_IDLE && !untold && journal == id) ||     \
		(state == ROLLOUT_SHIFTING && !timer && candidate != NOBODY))
#endif

/*
 * In a trace, what is not told has time until the generation is told of; but the
 * end of a candidate, or of a parked one, changes what others do.
 */
#ifdef TRACE
#define IS_OF_INTEREST                                                  \
	if                                                              \
	:: g == NOBODY                                                  \
	:: g != NOBODY && (g == candidate || KEEP_ENDS(g))              \
	:: g != NOBODY && g != candidate && !KEEP_ENDS(g) ->            \
		c_expr { (trace_is_about(now.pos, now.number[now.g])) } \
	fi
#else
#define IS_OF_INTEREST skip
#endif

#define UNCHECKED(x)                                        \
	(SERVES(x) && (x) != candidate && !passed[x] &&     \
	    program[x] == PROGRAM_RUNS)

inline turn()
{
	if
	/* Somebody asks.  What the state does not allow is refused. */
	:: atomic {
		HAVE(commands) && state == ROLLOUT_IDLE && serving != NOBODY &&
		    !ending && IS_ROOM ->
		SPEND(commands);
		if
		:: begin(RELEASE_UPGRADE);
			choose_strategy();
			plan();
			raise(EVENT_BEGIN)
		:: begin(RELEASE_ROLLBACK);
			if
			:: IS_WARM -> begin_warm()
			:: else -> raise(EVENT_BEGIN)
			fi
		fi
	   }
	:: atomic {
		HAVE(commands) && kind != RELEASE_FIRST &&
		    state != ROLLOUT_IDLE && !ending ->
		SPEND(commands);
		raise(EVENT_ABORT)
	   }
	:: atomic {
		HAVE(commands) && HAVE_USERS && !ending ->
		SPEND(commands);
		if
		:: raise(EVENT_PROMOTE)
		:: !exclusive && IS_OLD -> raise(EVENT_SPLIT)
		fi
	   }
	:: atomic { HAVE(commands) && !ending -> SPEND(commands) }; end_service()
	:: atomic {
		HAVE(commands) && !ending && state != ROLLOUT_RESOLVING &&
		    NO_NEWS ->
		SPEND(commands)
	   };
		handed = 1;
		tell(TOLD_REEXECUTING, NOBODY);
		commit();
		killed = 1
	/* The rollout goes on. */
	:: state == ROLLOUT_RESOLVING && IS_ROOM ->
		if
		:: exclusive && IS_OLD -> raise(EVENT_RESOLVED_EXCLUSIVE)
		:: !exclusive || !IS_OLD -> raise(EVENT_RESOLVED)
		:: raise(EVENT_FAILED)
		fi
	:: awaits && RUNS ->
		awaits = 0;
		tell(TOLD_READY, candidate);
		raise(EVENT_READY)
	:: atomic { watched && RUNS && IS_BEING_CHECKED ->
		RECKON(passed[candidate] = 1);
		raise(EVENT_HEALTHY) }
	:: atomic { watched && RUNS && HAVE_USERS && HAVE(failures) ->
		SPEND(failures);
		if
		:: raise(EVENT_SICK)
		:: raise(EVENT_FAILED) /* another program gets its connections */
		fi }
#ifndef TRACE
	/* recheck_begin() */
	:: atomic { UNCHECKED(0) -> passed[0] = 1 }
	:: atomic { UNCHECKED(1) -> passed[1] = 1 }
	:: atomic { UNCHECKED(2) -> passed[2] = 1 }
#endif
	:: atomic { timer && state != ROLLOUT_IDLE && state != ROLLOUT_STOPPING ->
		timer = 0;
		if
		:: state == ROLLOUT_SHIFTING -> raise(EVENT_HELD)
		:: state == ROLLOUT_BAKING -> raise(EVENT_BAKED)
		:: else -> raise(EVENT_EXPIRED)
		fi }
	:: atomic {
		ANY(CAN_NOTICE) ->
		do
		:: g < N - 1 -> g++
		:: break
		od;
		g = (CAN_NOTICE(g) -> g : NOBODY);
		IS_OF_INTEREST
	   };
		if
		:: g != NOBODY -> notice(g)
		:: else
		fi;
		g = 0
	:: atomic { IS_AT_REST -> over = 1 }
#ifdef TRACE
	:: news -> tell(TOLD_REEXECUTED, NOBODY); news = 0
	:: news -> tell(TOLD_REEXEC_FAILED, NOBODY); news = 0
	/* Another build is refused before anything has been handed over. */
	:: tell(TOLD_REEXEC_FAILED, NOBODY)
	:: ending -> tell(TOLD_STOPPED, NOBODY)
#endif
	fi
}
