/* SPDX-License-Identifier: ISC */
/*
 * Calls that arrive as notifications of a seccomp filter, seccomp_unotify(2).
 *
 * A notification names a thread by its number, which another thread may have by
 * now: what was found out about the thread counts only if the notification is
 * still valid afterwards.  Each notification is received into the call log, and
 * leaves it when it is answered.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <limits.h>
#include <unistd.h>

#include "base/credentials.h"
#include "base/fd.h"
#include "process/intercept.h"
#include "process/intercept_backend.h"
#include "process/remote.h"

#define BURST	   16 /* notifications handled in one turn of the loop */
#define SAVED_USEC 2000000
#define GIVEN_USEC 20000000 /* a server may bind a thousand sockets */

#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#endif
#ifndef SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1UL << 0)
#endif

/* Buffers of the kernel's sizes, which may exceed those of our headers. */
struct seccomp_state {
	struct call_log *call_log;
	bool inherited;		       /* the call log may have calls */
	struct seccomp_notif *request; /* for use if the call log is full */
	struct seccomp_notif_resp *response;
	struct seccomp_notif_sizes sizes;
};

_Static_assert(offsetof(struct seccomp_notif, id) == 0 &&
	sizeof(struct seccomp_notif) <= CALL_LOG_ROOM,
    "a slot of the call log begins with what tells whether it is in use");

static void
state_free(struct seccomp_state *state)
{
	if (state == NULL)
		return;
	call_log_close(state->call_log);
	free(state->request);
	free(state->response);
	free(state);
}

static int
make_buffers(struct seccomp_state *state)
{
	struct seccomp_notif_sizes *sizes = &state->sizes;

	if (syscall(SYS_seccomp, SECCOMP_GET_NOTIF_SIZES, 0, sizes) == -1)
		return -1;
	if (sizes->seccomp_notif < sizeof(*state->request))
		sizes->seccomp_notif = sizeof(*state->request);
	if (sizes->seccomp_notif_resp < sizeof(*state->response))
		sizes->seccomp_notif_resp = sizeof(*state->response);
	state->request = calloc(1, sizes->seccomp_notif);
	state->response = calloc(1, sizes->seccomp_notif_resp);
	return state->request != NULL && state->response != NULL ? 0 : -1;
}

static struct seccomp_state *
state_new(int call_log)
{
	struct seccomp_state *state = calloc(1, sizeof(*state));

	if (state == NULL) {
		fd_close(&call_log);
		return NULL;
	}
	state->inherited = true;
	if ((state->call_log = call_log_open(call_log)) != NULL &&
	    make_buffers(state) == 0)
		return state;
	state_free(state);
	return NULL;
}

static void
free_state(struct intercept *intercept)
{
	state_free(intercept->state);
}

/* EINPROGRESS: answered before, and the caller does not wait any more. */
static int
respond(struct intercept *intercept, uint64_t id, int error, uint32_t flags)
{
	struct seccomp_state *state = intercept->state;
	int r;

	memset(state->response, 0, state->sizes.seccomp_notif_resp);
	state->response->id = id;
	state->response->error = -error;
	state->response->flags = flags;
	do
		r = ioctl(
		    intercept->fd, SECCOMP_IOCTL_NOTIF_SEND, state->response);
	while (r == -1 && errno == EINTR);
	return r;
}

static int
pass_call(struct intercept_pending *pending)
{
	return respond(pending->intercept, pending->id, 0,
	    SECCOMP_USER_NOTIF_FLAG_CONTINUE);
}

static int
finish_call(struct intercept_pending *pending, int error)
{
	return respond(pending->intercept, pending->id, error, 0);
}

static int
replace_socket(struct intercept_pending *pending, int fd)
{
	struct seccomp_notif_addfd add = { .id = pending->id,
		.flags = SECCOMP_ADDFD_FLAG_SETFD,
		.srcfd = fd,
		.newfd = pending->number };
	int flags, r;

	if ((flags = remote_descriptor_flags(pending->tid, pending->number)) ==
	    -1)
		return -1;
	if (flags & FD_CLOEXEC)
		add.newfd_flags = O_CLOEXEC;
	do
		r = ioctl(
		    pending->intercept->fd, SECCOMP_IOCTL_NOTIF_ADDFD, &add);
	while (r == -1 && errno == EINTR);
	return r == -1 ? -1 : 0;
}

static bool
is_valid(const struct intercept *intercept, uint64_t id)
{
	return ioctl(intercept->fd, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0;
}

static bool
still_waits(const struct intercept_pending *pending)
{
	return is_valid(pending->intercept, pending->id);
}

static int
find_caller(const struct intercept_pending *pending, struct credentials *who)
{
	if (credentials_of(pending->tid, who) == -1)
		return -1;
	if (still_waits(pending))
		return 0;
	credentials_fini(who);
	errno = ESRCH;
	return -1;
}

static const struct intercept_backend backend = {
	.restarts = true,
	.saved_usec = SAVED_USEC,
	.given_usec = GIVEN_USEC,
	.caller = find_caller,
	.valid = still_waits,
	.pass = pass_call,
	.done = finish_call,
	.replace = replace_socket,
	.fini = free_state,
};

/* The value of SO_REUSEPORT decides whether the owner is asked. */
static int
take_option(struct intercept_pending *pending, const __u64 *args)
{
	pending->call.option = (int)args[2];
	pending->call.len = 0;
	if (pending->call.option != SO_REUSEPORT)
		return 0;
	if ((socklen_t)args[4] < sizeof(int)) {
		errno = EINVAL;
		return -1;
	}
	pending->call.len = sizeof(int);
	return remote_read(pending->tid, (void *)(uintptr_t)args[3],
	    &pending->storage, sizeof(int));
}

static int
take_address(struct intercept_pending *pending, const __u64 *args)
{
	struct intercept_call *call = &pending->call;

	if (args[2] > sizeof(pending->storage)) {
		errno = EINVAL;
		return -1;
	}
	call->len = args[2];
	if (remote_read(pending->tid, (void *)(uintptr_t)args[1],
		&pending->storage, call->len) == -1)
		return -1;
	if (call->kind != INTERCEPT_CONNECT ||
	    pending->storage.ss_family == AF_UNIX)
		return 0;
	errno = EAFNOSUPPORT;
	return -1;
}

/* Copy the address, or take the backlog of listen(2). */
static int
take_socket_call(struct intercept_pending *pending, const __u64 *args)
{
	struct intercept_call *call = &pending->call;

	pending->number = (int)args[0];
	if (call->kind == INTERCEPT_LISTEN) {
		call->backlog = (int)args[1];
	} else if (call->kind == INTERCEPT_OPTION) {
		if (take_option(pending, args) == -1)
			return -1;
	} else if (take_address(pending, args) == -1)
		return -1;
	call->fd = remote_socket(call->pid, pending->tid, pending->number);
	return call->fd == -1 ? -1 : 0;
}

static int
take_unlink(struct intercept_pending *pending, int dirfd, __u64 address)
{
	char path[PATH_MAX];

	if (remote_string(pending->tid, (void *)(uintptr_t)address, path,
		sizeof(path)) == -1)
		return -1;
	pending->number = dirfd;
	pending->path = strdup(path);
	return pending->path == NULL ? -1 : 0;
}

static int
take_arguments(struct intercept_pending *pending, const struct seccomp_data *d)
{
	pending->call.pid = remote_process(pending->tid);
	if (pending->call.pid == -1)
		return -1;
	if (pending->call.kind != INTERCEPT_UNLINK)
		return take_socket_call(pending, d->args);
	if (d->nr != SYS_unlinkat)
		return take_unlink(pending, AT_FDCWD, d->args[0]);
	if (d->args[2] & AT_REMOVEDIR) {
		errno = EISDIR;
		return -1;
	}
	return take_unlink(pending, (int)d->args[0], d->args[1]);
}

static enum intercept_kind
kind_of(int nr)
{
	switch (nr) {
	case SYS_bind:
		return INTERCEPT_BIND;
	case SYS_listen:
		return INTERCEPT_LISTEN;
	case SYS_setsockopt:
		return INTERCEPT_OPTION;
	case SYS_connect:
		return INTERCEPT_CONNECT;
	default:
		return INTERCEPT_UNLINK;
	}
}

/*
 * A call that cannot be taken goes on.  The kernel then finds what is wrong
 * with it; or, if we may not look into the process, the owner is told.
 */
static void
take_call(struct intercept *intercept, const struct seccomp_notif *request,
    union call_log_slot *slot, bool again)
{
	struct intercept_pending *pending;
	enum intercept_kind kind = kind_of(request->data.nr);
	bool taken;
	int error;

	if (intercept_passes(intercept, kind) ||
	    (pending = intercept_pending_new(intercept, kind)) == NULL) {
		respond(intercept, request->id, 0,
		    SECCOMP_USER_NOTIF_FLAG_CONTINUE);
		if (slot != NULL)
			slot->id = 0;
		return;
	}
	pending->call.again = again;
	pending->slot = slot;
	pending->id = request->id;
	pending->tid = request->pid;
	taken = take_arguments(pending, &request->data) == 0;
	error = errno;
	if (taken && is_valid(intercept, request->id)) {
		intercept_ask(pending);
		return;
	}
	pass_call(pending);
	if (!taken && (error == EPERM || error == EACCES) &&
	    intercept->handler->missed != NULL)
		intercept->handler->missed(
		    kind, pending->call.pid, error, intercept->arg);
	intercept_pending_free(pending);
}

/*
 * Calls that a predecessor has received and may not have answered.  It received
 * one after the other: those it had no time for are still in the kernel.
 */
static void
take_inherited(struct intercept *intercept)
{
	struct seccomp_state *state = intercept->state;
	union call_log_slot *slots = call_log_slots(state->call_log);
	size_t i;

	state->inherited = false;
	for (i = 0; i < CALL_LOG_SLOTS && !intercept->dying; i++) {
		if (slots[i].id == 0)
			continue;
		if (is_valid(intercept, slots[i].id))
			take_call(intercept,
			    (const struct seccomp_notif *)&slots[i], &slots[i],
			    true);
		else
			slots[i].id = 0;
	}
}

/* Receive a call.  ENOENT if its thread has gone meanwhile. */
static void
receive_call(struct intercept *intercept)
{
	struct seccomp_state *state = intercept->state;
	union call_log_slot *slot = call_log_free_slot(state->call_log);
	struct seccomp_notif *request = state->request;

	if (slot != NULL && state->sizes.seccomp_notif <= CALL_LOG_ROOM)
		request = (struct seccomp_notif *)slot;
	else {
		slot = NULL;
		memset(request, 0, state->sizes.seccomp_notif);
	}
	if (ioctl(intercept->fd, SECCOMP_IOCTL_NOTIF_RECV, request) == 0)
		take_call(intercept, request, slot, false);
}

/*
 * NOTIF_RECV blocks if there is nothing to receive, and libevent reports a
 * hang-up as readiness, so poll(2) is asked.
 */
static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct intercept *intercept = arg;
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	int n;

	intercept_enter(intercept);
	if (((struct seccomp_state *)intercept->state)->inherited)
		take_inherited(intercept);
	for (n = 0; n < BURST && intercept_may_go_on(intercept); n++) {
		if (poll(&ready, 1, 0) != 1)
			break;
		if ((ready.revents & POLLIN) == 0) {
			intercept->gone = true;
			event_del(intercept->event);
			if (intercept->handler->gone != NULL)
				intercept->handler->gone(intercept->arg);
			break;
		}
		receive_call(intercept);
	}
	intercept_leave(intercept, 0);
}

struct intercept *
intercept_seccomp_new(struct event_base *base, int fd, int call_log,
    const struct intercept_handler *handler, void *arg)
{
	struct intercept *intercept;

	intercept =
	    intercept_new(base, fd, &backend, on_readable, handler, arg);
	if (intercept == NULL) {
		fd_close(&call_log);
		return NULL;
	}
	if ((intercept->state = state_new(call_log)) == NULL) {
		intercept_free(intercept);
		return NULL;
	}
	event_active(intercept->event, EV_READ, 1);
	/* Linux 6.6: the kernel wakes the caller on this same processor. */
	ioctl(fd, SECCOMP_IOCTL_NOTIF_SET_FLAGS,
	    SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP);
	return intercept;
}
