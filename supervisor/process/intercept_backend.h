/* SPDX-License-Identifier: ISC */
/*
 * Between intercept.c, which knows what a call means, and the two ways in
 * which calls arrive and answers go back.  Nobody else's.
 */
#ifndef PROCESS_INTERCEPT_BACKEND_H
#define PROCESS_INTERCEPT_BACKEND_H

#include <stdbool.h>
#include <sys/queue.h>

#include "base/pace.h"
#include "process/intercept_call.h"
#include "process/ledger.h"

#define INTERCEPT_LOST 8 /* answers remembered for a caller that returns */

/* A call under way.  The backend fills it, intercept_ask takes it over. */
struct intercept_pending {
	struct intercept_call call; /* first: what handlers see */
	struct intercept *intercept;
	TAILQ_ENTRY(intercept_pending) entry;
	unsigned int serial;
	struct sockaddr_storage storage; /* call.address points here */
	char *path;			 /* *new* */
	pid_t tid;
	unsigned long long start; /* preload: of that process */
	int number;  /* the socket's in the program; unlink: the directory's */
	uint64_t id; /* seccomp: of the notification, */
	union ledger_slot *slot; /* and where it is noted; may be NULL */
	int sock;		 /* preload: of the connection; else -1 */
};

/* How answers get back.  -1 with errno: ENOENT, the caller has gone. */
struct intercept_backend {
	bool restarts;	    /* a signal may make a call arrive once more */
	int64_t saved_usec; /* of our time, as in struct share */
	int64_t given_usec; /* to begin with */
	int (*pass)(struct intercept_pending *);
	int (*done)(struct intercept_pending *, int error);
	int (*replace)(struct intercept_pending *, int fd);
	int (*caller)(const struct intercept_pending *, struct credentials *);
	void (*hold)(struct intercept_pending *); /* NULL: nothing to do */
	/* Is it still the caller that was looked at?  NULL: always. */
	bool (*valid)(const struct intercept_pending *);
	bool (*idle)(const struct intercept *); /* NULL: always */
	void (*fini)(struct intercept *);
};

struct intercept {
	const struct intercept_backend *backend;
	const struct intercept_handler *handler;
	void *arg;
	struct event_base *base;
	struct event *event;
	struct event *resume; /* pending: the event rests */
	struct share share;   /* of our time that its calls use */
	int fd;
	void *state;	     /* the backend's */
	bool busy;	     /* a handler may be running */
	int64_t busy_usec;   /* since when, share_wall_usec() */
	bool gone;	     /* there will be no more calls */
	bool dying;	     /* free it once not busy */
	unsigned int serial; /* of the latest call */
	TAILQ_HEAD(intercept_queue, intercept_pending) calls;
	struct {
		enum intercept_kind kind;
		int option;
		pid_t pid;
		uint64_t cookie;
		int error;
	} lost[INTERCEPT_LOST];
	unsigned int nlost;
};

/*
 * What the backends have in common.  *Steals* fd in every case; readable is
 * called when it can be read.  NULL with errno.
 */
struct intercept *intercept_new(struct event_base *, int fd,
    const struct intercept_backend *, event_callback_fn readable,
    const struct intercept_handler *, void *arg);

/* *New*, with no descriptors; NULL with errno. */
struct intercept_pending *intercept_pending_new(
    struct intercept *, enum intercept_kind);
void intercept_pending_free(struct intercept_pending *);

/*
 * What was found out about call.pid, call.fd, the address of bind in storage
 * and call.len, call.backlog and, for unlink, its path: complete it and put it
 * to the handler, or pass it at once.  *Steals* it.
 */
void intercept_ask(struct intercept_pending *);

/*
 * Around all that may call a handler.  After leave it may be no more, or its
 * event may rest: what its calls have cost us in between, waiting included,
 * was more than their share, or wait_ms is not 0.  Calls that come meanwhile
 * wait in the kernel.
 */
void intercept_enter(struct intercept *);
bool intercept_may_go_on(const struct intercept *); /* in this turn */
void intercept_leave(struct intercept *, unsigned int wait_ms);

#endif
