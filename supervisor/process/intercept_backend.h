/* SPDX-License-Identifier: ISC */
/*
 * Between intercept.c, which gives calls to the owner, and the two backends, by
 * which calls arrive and answers go back.  For these modules only, and for
 * intercept_describe.c.
 */
#ifndef PROCESS_INTERCEPT_BACKEND_H
#define PROCESS_INTERCEPT_BACKEND_H

#include <event2/event.h>
#include <stdbool.h>
#include <sys/queue.h>

#include "base/pace.h"
#include "process/call_log.h"
#include "process/intercept_call.h"

struct credentials;

#define INTERCEPT_LOST 8 /* answers kept for repeated calls */

/* A call under way.  The backend fills it; intercept_ask takes it over. */
struct intercept_pending {
	struct intercept_call call; /* first: handlers get this */
	struct intercept *intercept;
	TAILQ_ENTRY(intercept_pending) entry;
	unsigned int serial;
	struct sockaddr_storage storage; /* call.address points here */
	char *path;			 /* *new* */
	pid_t tid;
	unsigned long long start; /* preload: when that process started */
	int number; /* of the socket in the program; unlink: of the directory */
	uint64_t id;		   /* seccomp: the notification's number, */
	union call_log_slot *slot; /* and its slot in the call log, or NULL */
	int sock;		   /* preload: the connection; else -1 */
};

/* How answers go back.  -1 with errno: ENOENT if the caller has gone. */
struct intercept_backend {
	bool restarts;	    /* after a signal a call may arrive again */
	int64_t saved_usec; /* of our time, as in struct share */
	int64_t given_usec; /* at the beginning */
	int (*pass)(struct intercept_pending *);
	int (*done)(struct intercept_pending *, int error);
	int (*replace)(struct intercept_pending *, int fd);
	int (*caller)(const struct intercept_pending *, struct credentials *);
	void (*hold)(struct intercept_pending *); /* NULL: nothing to do */
	/* Is the thread still the caller?  NULL: always. */
	bool (*valid)(const struct intercept_pending *);
	bool (*idle)(const struct intercept *); /* NULL: always idle */
	void (*fini)(struct intercept *);
};

struct intercept {
	const struct intercept_backend *backend;
	const struct intercept_handler *handler;
	void *arg;
	struct event_base *base;
	struct event *event;
	struct event *resume; /* pending: the event is off */
	struct share share;   /* share of our time for its calls */
	int fd;
	void *state;	     /* of the backend */
	bool busy;	     /* a handler may be running */
	int64_t busy_usec;   /* since when, by share_wall_usec() */
	bool gone;	     /* there will be no more calls */
	bool dying;	     /* to be freed once it is not busy */
	bool hangs;	     /* its program's epoll instances do not answer */
	unsigned int serial; /* number of the latest call */
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
 * called when fd can be read.  *New*; NULL with errno.
 */
struct intercept *intercept_new(struct event_base *, int fd,
    const struct intercept_backend *, event_callback_fn readable,
    const struct intercept_handler *, void *arg);

/* May a call of this kind be passed before anything is found out about it? */
bool intercept_passes(const struct intercept *, enum intercept_kind);

/* *New*, with no descriptors; NULL with errno. */
struct intercept_pending *intercept_pending_new(
    struct intercept *, enum intercept_kind);
void intercept_pending_free(struct intercept_pending *);

/*
 * The backend has set call.pid, call.fd, for bind the address in storage and
 * call.len, for listen call.backlog, for unlink the path.  Complete the call
 * and give it to the handler, or pass it at once.  *Steals* it.
 */
void intercept_ask(struct intercept_pending *);

/*
 * Call these before and after any code that may call a handler.  After leave
 * the intercept may be freed; or its event is off for a while, because its
 * calls have cost more than their share of our time, waiting included, or
 * because wait_ms is not 0.  Calls wait in the kernel meanwhile.
 */
void intercept_enter(struct intercept *);
bool intercept_may_go_on(const struct intercept *); /* in this turn */
void intercept_leave(struct intercept *, unsigned int wait_ms);

#endif
