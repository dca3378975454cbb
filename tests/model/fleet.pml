/* SPDX-License-Identifier: ISC */
/*
 * The protocol of a fleet's rollout, hotswap-fleet(7), in Promela: the commits of
 * fleet/moves.c, what fleet/driver.c and fleet/agent.c decide upon what they
 * have read, and the supervisor of each host.
 *
 * A process reads, decides on a move, and commits it at any later time; only
 * the commit checks versions.  So a pending move has the set of the keys that
 * it rests upon, and whoever writes one of these makes it fail: its process
 * reads again.  A process that dies loses its pending move, no more; it may do
 * so at any time, and so may an answer be lost.  A driver may take each host
 * for lost at any time, whatever is so.
 *
 * tests/model/run.sh checks it, and that each mutant (-DMUTANT_...) fails.
 */
#define HOSTS	3
#define AT_ONCE 2
#ifndef BEGINS
#define BEGINS 1 /* rollouts, one after the other */
#endif
#ifndef RESUMES
#define RESUMES 1 /* of each rollout */
#endif

/* The steps of a host, as in fleet/records.h; from PROMOTED on it has ended. */
#define IDLE	  0
#define GRANTED	  1
#define CLAIMED	  2
#define PROMOTED  3
#define FAILED	  4
#define NOT_BEGUN 5
#define ABSENT	  6

/* The state of a rollout. */
#define RUNNING 0
#define DONE	1
#define HALTED	2

/* THE STORE */

byte n, attempt, state = DONE; /* rollout */
bit halted;		       /* halt */
byte step[HOSTS], host_n[HOSTS], host_attempt[HOSTS]; /* hosts/H */

/* The keys, as members of a set. */
#define K_ROLLOUT 1
#define K_HALT	  2
#define K_RUNNING 4
#define K_HOST(h) (8 << (h))

/* THE HOSTS: what a supervisor knows of each id, which is n and attempt */

#define UNKNOWN 0
#define WORKING 1 /* else PROMOTED or FAILED */
#define ID(h)	((host_n[h] - 1) * (RESUMES + 1) + host_attempt[h] - 1)
typedef supervisor {
	byte known[BEGINS * (RESUMES + 1)];
	bit works;
};
supervisor on[HOSTS];

/* A host is at work from its claim to its report, and while it really is. */
#define AT_WORK(h) (step[h] == CLAIMED || on[h].works)
#define AT_WORK_ALL (AT_WORK(0) + AT_WORK(1) + AT_WORK(2))

/* PENDING MOVES: of the two drivers and, their claims, of the agents */

#define NONE	 0
#define READING	 1 /* the hosts are still to be read */
#define GRANT	 2
#define WITHDRAW 3
#define HALT	 4
#define END	 5
byte move[2], target[2];
byte rests[2];	 /* the keys that the move rests upon */
byte told[2];	 /* END: hosts that the outcome tells of */
byte claim[HOSTS]; /* the keys that a pending claim rests upon, 0: none */

inline drop(d)
{
	move[d] = NONE;
	target[d] = 0;
	rests[d] = 0;
	told[d] = 0
}

hidden byte changed;

inline wrote(keys)
{
	changed = keys;
	if
	:: rests[0] & changed -> drop(0)
	:: else
	fi;
	if
	:: rests[1] & changed -> drop(1)
	:: else
	fi;
	/* An outcome that is not so any more must not be committed. */
	assert(!(told[0] & changed) && !(told[1] & changed));
	claim[0] = (claim[0] & changed -> 0 : claim[0]);
	claim[1] = (claim[1] & changed -> 0 : claim[1]);
	claim[2] = (claim[2] & changed -> 0 : claim[2])
}

/* THE DRIVERS */

/* tally_step(): whoever has claimed keeps its slot until it has reported. */
#ifdef MUTANT_BEGIN_FREES_SLOTS
#define KEEPS_SLOT(h) (false)
#else
#define KEEPS_SLOT(h) (step[h] == CLAIMED)
#endif
#define OF_OTHER(h) \
	(host_n[h] != n || (step[h] > PROMOTED && host_attempt[h] != attempt))
#define STEP(h)	     (KEEPS_SLOT(h) -> CLAIMED : (OF_OTHER(h) -> IDLE : step[h]))
#define ENDED(h)     (STEP(h) >= PROMOTED)
#define HAS_SLOT(h)  (STEP(h) == GRANTED || STEP(h) == CLAIMED)
#define HAVE_SLOTS   (HAS_SLOT(0) + HAS_SLOT(1) + HAS_SLOT(2))
#define GRANTED_ANY  (STEP(0) == GRANTED || STEP(1) == GRANTED || STEP(2) == GRANTED)
#define TELLS_OF(h)  (STEP(h) == CLAIMED -> 0 : K_HOST(h))
#define IS_ABSENT(h) (STEP(h) == ABSENT)

/* What each commit checks. */
#ifdef MUTANT_GRANT_WITHOUT_RUNNING
#define GRANT_CHECKS (K_ROLLOUT | K_HALT)
#else
#define GRANT_CHECKS (K_ROLLOUT | K_HALT | K_RUNNING)
#endif
#ifdef MUTANT_WITHDRAW_WITHOUT_HALT
#define WITHDRAW_CHECKS (K_ROLLOUT | K_RUNNING)
#else
#define WITHDRAW_CHECKS (K_ROLLOUT | K_HALT | K_RUNNING)
#endif
#define KEYS_READ (K_ROLLOUT | K_HALT | K_RUNNING)

inline decide(d, what, checks)
{
	move[d] = what;
	rests[d] = checks
}

#define TARGET target[d]

/* The hosts are read, and a move is decided upon; or it is not due. */
inline read_hosts(d)
{
	drop(d);
	if
	:: TARGET = 0
	:: TARGET = 1
	:: TARGET = 2
	fi;
	if
	:: halted && STEP(TARGET) == GRANTED ->
		decide(d, WITHDRAW, WITHDRAW_CHECKS | K_HOST(TARGET))
	/* It is taken for lost. */
	:: !halted && STEP(TARGET) < CLAIMED ->
		decide(d, WITHDRAW, WITHDRAW_CHECKS | K_HOST(TARGET))
	:: !halted && STEP(TARGET) == CLAIMED ->
#ifdef MUTANT_SLOT_TTL
		decide(d, WITHDRAW, WITHDRAW_CHECKS | K_HOST(TARGET))
#else
		decide(d, HALT, K_ROLLOUT | K_HALT)
#endif
	:: !halted && STEP(TARGET) == IDLE && HAVE_SLOTS < AT_ONCE ->
		decide(d, GRANT, GRANT_CHECKS | K_HOST(TARGET))
	/* Those that have claimed have ended, or are taken for lost. */
	:: (halted && !GRANTED_ANY) || (ENDED(0) && ENDED(1) && ENDED(2)) ->
		decide(d, END, K_ROLLOUT | K_HALT);
		told[d] = TELLS_OF(0) | TELLS_OF(1) | TELLS_OF(2)
	:: else -> drop(d)
	fi
}

inline commit_grant(d)
{
	assert(!(host_n[TARGET] == n && (step[TARGET] == PROMOTED ||
	    (step[TARGET] > PROMOTED && host_attempt[TARGET] == attempt))));
	step[TARGET] = GRANTED;
	host_n[TARGET] = n;
	host_attempt[TARGET] = attempt;
	wrote(K_RUNNING | K_HOST(TARGET))
}

inline commit_withdraw(d)
{
	step[TARGET] = (halted -> NOT_BEGUN : ABSENT);
	host_n[TARGET] = n;
	host_attempt[TARGET] = attempt;
	wrote(K_RUNNING | K_HOST(TARGET))
}

#define HAS_IT(h) (step[h] == PROMOTED && host_n[h] == n)

inline commit_end(d)
{
	state = (halted || IS_ABSENT(0) || IS_ABSENT(1) || IS_ABSENT(2) ->
	    HALTED : DONE);
	assert(state != DONE || (HAS_IT(0) && HAS_IT(1) && HAS_IT(2)));
	assert(halted || HAVE_SLOTS == 0);
#ifdef WITNESS_DONE
	assert(!(state == DONE && n == BEGINS));
#endif
#ifdef WITNESS_RESUMED
	assert(!(state == DONE && attempt == RESUMES + 1));
#endif
#ifdef WITNESS_HALTED
	assert(!(state == HALTED && step[0] == FAILED && step[1] == PROMOTED));
#endif
	drop(d);
	wrote(K_ROLLOUT)
}

/* move_begin(), move_resume() */
inline begin(next_n, next_attempt)
{
	n = next_n;
	attempt = next_attempt;
	state = RUNNING;
	halted = 0;
	wrote(K_ROLLOUT | K_HALT | K_RUNNING)
}

proctype driver(byte d)
{
	do
	:: atomic {
		state != RUNNING && n < BEGINS -> begin(n + 1, 1)
	   }
	:: atomic {
		state == HALTED && attempt <= RESUMES -> begin(n, attempt + 1)
	   }
#ifdef MUTANT_HOSTS_READ_FIRST
	:: atomic { state == RUNNING && move[d] == NONE -> read_hosts(d);
		move[d] = (move[d] == GRANT -> READING : NONE);
		rests[d] = (move[d] == READING -> K_HOST(TARGET) : 0);
		told[d] = 0
	   }
	:: atomic { state == RUNNING && !halted && move[d] == READING ->
		decide(d, GRANT, GRANT_CHECKS | K_HOST(TARGET))
	   }
#endif
#ifdef SNAPSHOT
	/* etcd lists all keys as of one moment. */
	:: atomic { state == RUNNING && move[d] == NONE -> read_hosts(d) }
#else
	/* ZooKeeper does not; fleet/zookeeper.c reads the hosts last. */
	:: atomic {
		state == RUNNING && move[d] == NONE ->
		decide(d, READING, KEYS_READ)
	   }
	:: atomic { move[d] == READING -> read_hosts(d) }
#endif
	/* It dies, or the commit meets a change; else it is committed. */
	:: atomic { move[d] != NONE -> drop(d) }
	:: atomic { move[d] == GRANT -> commit_grant(d); drop(d) }
	:: atomic { move[d] == WITHDRAW -> commit_withdraw(d); drop(d) }
	:: atomic { move[d] == HALT -> halted = 1; wrote(K_HALT); drop(d) }
	:: atomic { move[d] == END -> commit_end(d) }
	od
}

/* THE AGENTS */

#ifdef MUTANT_CLAIM_WITHOUT_HALT
#define CLAIM_CHECKS(h) (K_ROLLOUT | K_HOST(h))
#else
#ifdef MUTANT_CLAIM_WITHOUT_HOST
#define CLAIM_CHECKS(h) (K_ROLLOUT | K_HALT)
#else
#define CLAIM_CHECKS(h) (K_ROLLOUT | K_HALT | K_HOST(h))
#endif
#endif
#define MAY_BEGIN(h) (!halted && state == RUNNING && host_n[h] == n)
#define IS_KNOWN(h)  on[h].known[ID(h)]

inline commit_claim(h)
{
	assert(!halted);
	step[h] = CLAIMED;
	wrote(K_HOST(h));
	claim[h] = 0;
	assert(AT_WORK_ALL <= AT_ONCE)
}

/* move_report(), read and tried again until it is committed */
inline report(h, to)
{
	step[h] = to;
	halted = halted || (to == FAILED && host_n[h] == n);
	wrote(K_HOST(h) | (to == FAILED && host_n[h] == n -> K_HALT : 0))
}

/* Upgrade: the supervisor answers an id that it knows, and begins nothing. */
inline begin_upgrade(h)
{
	if
#ifndef MUTANT_ID_FORGOTTEN
	:: IS_KNOWN(h) != UNKNOWN
#endif
	:: else ->
		assert(IS_KNOWN(h) == UNKNOWN && !on[h].works);
		IS_KNOWN(h) = WORKING;
		on[h].works = 1;
		assert(AT_WORK_ALL <= AT_ONCE)
	fi
}

proctype agent(byte h)
{
	bit begins; /* claimed, and no halt was seen: Upgrade is called next */

	do
	:: atomic {
		step[h] == GRANTED && MAY_BEGIN(h) && !claim[h] ->
		claim[h] = CLAIM_CHECKS(h)
	   }
	:: atomic { claim[h] -> claim[h] = 0 }
	:: atomic { claim[h] -> commit_claim(h) }
	/* Claimed, by this agent or by one that has died. */
	:: atomic {
		step[h] == CLAIMED && !begins && (halted || host_n[h] != n) &&
		    IS_KNOWN(h) == UNKNOWN -> report(h, NOT_BEGUN)
	   }
	:: atomic {
		step[h] == CLAIMED && !begins && !(halted || host_n[h] != n) ->
		begins = 1
	   }
	:: atomic { begins -> begins = 0 }
	:: atomic { begins -> begins = 0; begin_upgrade(h) }
	:: atomic {
		step[h] == CLAIMED && IS_KNOWN(h) > WORKING ->
		begins = 0;
		report(h, IS_KNOWN(h))
	   }
	od
}

/* A supervisor comes to its outcome without the agent. */
inline ends(h, outcome)
{
	d_step {
		on[h].works;
		i = 0;
		do
		:: on[h].known[i] == WORKING -> break
		:: else -> i++
		od;
		on[h].known[i] = outcome;
		on[h].works = 0;
		i = 0
	}
}

proctype world()
{
	byte i;

	do
	:: ends(0, PROMOTED)
	:: ends(0, FAILED)
	:: ends(1, PROMOTED)
	:: ends(1, FAILED)
	:: ends(2, PROMOTED)
	:: ends(2, FAILED)
	/* A person halts the rollout. */
	:: atomic { state == RUNNING && !halted -> halted = 1; wrote(K_HALT) }
	od
}

init
{
	atomic {
		run driver(0);
		run driver(1);
		run agent(0);
		run agent(1);
		run agent(2);
		run world()
	}
}
