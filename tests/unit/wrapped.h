/* SPDX-License-Identifier: ISC */
/*
 * Wrapping a program in a test: it is started with either backend of the shim,
 * its calls are decided and recorded, and its end is waited for.
 */
#ifndef TESTS_UNIT_WRAPPED_H
#define TESTS_UNIT_WRAPPED_H

#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "process/intercept.h"

#define DEADLINE_SEC 20

enum backend { SECCOMP, PRELOAD };

/* What the handler was called with, and what it has to do. */
struct run {
	enum backend backend;
	uid_t uid;	    /* of the program; 0: ours */
	bool connects;	    /* is told of connect(2) as well */
	bool interruptible; /* the filter is as before Linux 5.19 */
	void (*decide)(struct run *, struct intercept_call *);
	int held; /* the socket for a replacement */
	struct event_base *base;
	struct intercept *intercept;
	struct intercept_call *waiting;
	struct event *output;
	struct event *timer;
	struct event *child;
	pid_t pid;
	bool reaped;
	pid_t client; /* waited for as well; 0: none */
	int client_status;
	int out;
	int status;
	char text[16384]; /* what the program wrote */
	size_t used;
	int told;
	int missed;
	bool gone;
	bool ended;
	enum intercept_kind kinds[16];
	pid_t pids[16];
	uint64_t cookies[16];
	int backlog;
	int port;
	int type;
	char path[PATH_MAX];
};

/* The directory of a group's tests; a link named link leads back to it. */
extern char directory[];

/* cmocka's functions for a group. */
int wrapped_set_up(void **state);
int wrapped_tear_down(void **state);

/* Start a program, found in PATH, as run says; finish waits for its end. */
void start(struct run *, const char *program, const char *const *argv);
void finish(struct run *);

/* Start the fixture with these verbs; the word PORT in them becomes port. */
void start_fixture(struct run *, const char *name, const char *verbs, int port);

/* The same, and wait for its end. */
void wrap(struct run *, const char *name, const char *verbs, int port);

bool has_fixture(const char *name);

/* A port that was free a moment ago, below limit unless that is 0. */
int free_port(int limit);

/* Decide a call: the kernel does it, or we do it. */
void decide_pass(struct run *, struct intercept_call *);
void decide_bind(struct run *, struct intercept_call *);

#endif
