/* SPDX-License-Identifier: ISC */
/*
 * The simulated programs: processes with sockets that become ready, accept,
 * answer, crash, hang, lie and end, as the seed says.
 */
#ifndef SIMULATOR_PROGRAMS_H
#define SIMULATOR_PROGRAMS_H

#include <stdbool.h>
#include <stdint.h>

#define PROCESSES   128
#define VERSIONS    16
#define GENERATIONS 128
#define OF_PROCESS  8

#define KEEPER_PID 2

/* How a version of the program behaves. */
struct version {
	const char *what;
	bool good;    /* a rollout to it should succeed */
	int start_ms; /* until it is ready */
	bool says_ready;
	bool accepts;
	int crash_ms;	 /* after its start; 0: never */
	int serve_ms;	 /* to answer a connection */
	int stop_ms;	 /* from SIGTERM to its end; -1: it ignores it */
	bool shuts_down; /* it shuts its sockets down at SIGTERM */
	bool fails_spawn;
	bool leaves_child; /* its end leaves a process behind */
};

struct process {
	int pid; /* 0: no process */
	int parent;
	unsigned int generation;
	int version;
	bool ended; /* a zombie, or reaped */
	bool reaped;
	int status;
	int64_t start;
	bool ready;
	bool accepting;
	bool stopping;
	bool killed; /* by the simulator's faults, not by hotswap */
	bool leftover;
	int sockets[OF_PROCESS];
	int nsockets;
};

struct programs {
	struct process list[PROCESSES];
	int last_pid;
	int supervisor_pid;
	bool sigchld;
	struct version versions[VERSIONS];
	int nversions;
	/* By generation. */
	bool passed[GENERATIONS];  /* a check of it has passed */
	bool excused[GENERATIONS]; /* a process of it was killed, or is bad */
	bool started[GENERATIONS];
	int version_of[GENERATIONS];
};

void programs_begin(void);
struct process *process_find(int pid);
struct process *process_of(unsigned int generation); /* its main process */
void process_signal(int pid, int signal);
void process_end(struct process *, int status);
void programs_orphan(void);	/* the supervisor has died */
void programs_wake(int object); /* a connection waits there */
bool program_serves(unsigned int generation);
bool is_good(unsigned int generation);
/* Steals no socket; a program has duplicates. */
struct process *process_new(
    unsigned int generation, int version, const int *sockets, int n);
int processes_count(void); /* that run, without the supervisor */

#endif
