/* SPDX-License-Identifier: ISC */
/*
 * The simulated world: its clock, its dice, what is due, and the state that
 * outlives a supervisor.  All of it is one mapping that is not part of the
 * program's data, because the data is made new for each supervisor.
 */
#ifndef SIMULATOR_WORLD_H
#define SIMULATOR_WORLD_H

#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "kernel.h"
#include "people.h"
#include "programs.h"

#define AGENDA 512

typedef void deed(int a, int b);

/* Something that will be done by somebody else than the supervisor. */
struct due {
	int64_t us;
	deed *deed; /* NULL: no entry */
	int a, b;
};

/* The faults of this run, drawn at its beginning. */
struct faults {
	bool none;	    /* then each good release must succeed */
	int64_t kill_at[8]; /* the step at which the supervisor is killed */
	unsigned int nkills;
	bool late_exits;     /* the end of a process is reported late */
	bool lost_exits;     /* the keeper's report is lost */
	int64_t jump_us;     /* the machine is suspended once for so long */
	int64_t no_memory;   /* the n-th allocation fails; 0: none */
	bool memory_lacked;  /* it has failed */
	int64_t full_from;   /* the disk is full from this write on; 0: never */
	int64_t full_writes; /* for so many writes */
	bool torn;	     /* a write that a kill interrupts is torn */
	bool program_kills;  /* kill -9 of programs */
};

struct world {
	/* This run. */
	uint64_t seed;
	uint64_t dice;
	int64_t now_us;
	int64_t steps; /* calls of the supervisor to its kernel */
	struct due agenda[AGENDA];
	int agenda_used;
	struct faults faults;
	struct kernel kernel;
	struct programs programs;
	struct people people;

	/* The supervisor's process. */
	bool alive;
	bool elsewhere;	     /* something else than the supervisor acts */
	int people_ports;    /* at which the service listens */
	bool ebpf;	     /* the kernel has eBPF */
	bool exclusive;	     /* --strategy exclusive */
	bool calm;	     /* no fault any more */
	bool served;	     /* a first generation has served */
	bool ending;	     /* a supervisor that was killed was ending it */
	bool over;	     /* the service has ended */
	bool killed;	     /* a supervisor was killed in this run */
	unsigned int active; /* the generation that was so at last */
	void *service;	     /* of the supervisor that lives */
	jmp_buf death;

	/* All runs. */
	bool trace;
	bool mute;	   /* of the log, while the simulator itself acts */
	const char *fault; /* what invariant is broken; NULL: none */
	char fault_text[512];
	uint64_t rollouts;
	uint64_t kills;
	jmp_buf failure;
	char out[1 << 16]; /* what standard output has not written yet */
};

extern struct world *W;

/* Map the world; called before anything else, also by the first malloc. */
void world_map(void);

/* Begin a run: everything is as this seed says. */
void world_begin(uint64_t seed);

/* A number below n. */
unsigned int draw(unsigned int n);
bool chance(unsigned int percent);

/* Have it done in so many microseconds, by somebody else. */
void agenda_add(int64_t in_us, deed *, int a, int b);
/* Forget what is due with this deed and this a. */
void agenda_forget(deed *, int a);
/* When the next one is due; INT64_MAX: never. */
int64_t agenda_next(void);
/* Do one of those that are due now; false if there is none. */
bool agenda_do_one(void);

/*
 * The supervisor calls its kernel: time passes, others act meanwhile, and the
 * supervisor may be killed here.
 */
void step(const char *call);

/* The supervisor is killed; does not return. */
_Noreturn void die(const char *how);

/* A line of the trace. */
void trace(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* An invariant is broken: the run ends; does not return. */
_Noreturn void broken(const char *invariant, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* heap.c: forget all that was allocated since heap_mark. */
void heap_mark(void);
void heap_reset(void);

#endif
