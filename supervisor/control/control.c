/* SPDX-License-Identifier: ISC */
/*
 * The control socket.  A peer costs at most one connection and a bounded
 * buffer each way; bad input costs the peer its connection and us nothing.
 */
#include "control/control.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/paths.h"
#include "base/varlink.h"
#include "core/service.h"

#define PEERS_MAX  128	     /* the longest idle one makes room for a new */
#define GUESTS_MAX 96	     /* of these for peers that are no owners */
#define GUEST_MAX  32	     /* of these for each user */
#define SILENCE_S  60	     /* for a peer that has no call under way */
#define UNREAD_MAX (4 << 20) /* bytes that a peer may leave unread */
#define GROUPS_MAX 256
#define RETRY_MS   100 /* until a descriptor may be free again */

#ifndef SO_PASSRIGHTS
#define SO_PASSRIGHTS 83 /* Linux 6.16 */
#endif

/* A connection, and the one call that is under way on it. */
struct call {
	TAILQ_ENTRY(call) entry;
	struct control *control;
	struct bufferevent *peer;
	uid_t uid;
	struct varlink_call varlink; /* message is NULL if none is under way */
	void (*ended)(void *arg);
	void *arg;
};

struct control {
	struct service *service;
	control_method *carry_out;
	char path[PATH_MAX];
	int sock;
	struct event *accepting;
	struct event *retry;	       /* pending while it does not accept */
	bool lacking;		       /* of descriptors, and said so */
	gid_t group;		       /* -1: none */
	TAILQ_HEAD(calls, call) calls; /* the longest idle first */
	unsigned int npeers;
};

static void take_call(struct call *);

static bool
is_owner(uid_t uid)
{
	return uid == 0 || uid == geteuid();
}

static void
expect_silence(struct call *call, bool limited)
{
	struct timeval silence = { SILENCE_S, 0 };

	bufferevent_set_timeouts(call->peer, limited ? &silence : NULL, NULL);
}

/* The call has ended, replied to or not; the connection may go on. */
static void
finish(struct call *call)
{
	void (*ended)(void *) = call->ended;

	json_decref(call->varlink.message);
	memset(&call->varlink, 0, sizeof(call->varlink));
	call->ended = NULL;
	if (ended != NULL)
		ended(call->arg);
}

static void
disconnect(struct call *call)
{
	struct control *control = call->control;

	finish(call);
	TAILQ_REMOVE(&control->calls, call, entry);
	control->npeers--;
	bufferevent_free(call->peer);
	free(call);
}

static void
peer_event(struct bufferevent *peer, short what, void *arg)
{
	disconnect(arg);
}

static void
peer_readable(struct bufferevent *peer, void *arg)
{
	take_call(arg);
}

/*
 * Take the next call if it has arrived whole and none is under way.  One in
 * a turn of the loop, so that a peer with many keeps nobody else waiting.
 */
static void
take_call(struct call *call)
{
	struct evbuffer *input = bufferevent_get_input(call->peer);
	json_t *message;
	int r;

	if (call->varlink.message != NULL ||
	    (r = varlink_take(input, &message)) == 0)
		return;
	if (r == -1 || varlink_call_parse(&call->varlink, message) == -1) {
		log_debug("control: bad message: %s", strerror(errno));
		disconnect(call);
		return;
	}
	TAILQ_REMOVE(&call->control->calls, call, entry);
	TAILQ_INSERT_TAIL(&call->control->calls, call, entry);
	expect_silence(call, false);
	call->control->carry_out(call, call->varlink.method);
}

struct service *
call_service(const struct call *call)
{
	return call->control->service;
}

const json_t *
call_parameters(const struct call *call)
{
	return call->varlink.parameters;
}

static bool
get_peer(const struct call *call, struct ucred *peer)
{
	socklen_t len = sizeof(*peer);

	return getsockopt(bufferevent_getfd(call->peer), SOL_SOCKET,
		   SO_PEERCRED, peer, &len) == 0;
}

bool
call_is_owner(const struct call *call)
{
	return is_owner(call->uid);
}

pid_t
call_pid(const struct call *call)
{
	struct ucred peer;

	return get_peer(call, &peer) ? peer.pid : 0;
}

bool
call_wants_more(const struct call *call)
{
	return call->varlink.more;
}

void
call_keep(struct call *call, void (*ended)(void *arg), void *arg)
{
	call->ended = ended;
	call->arg = arg;
}

/* Queue a message; a peer that does not read loses its connection, later. */
static void
send_message(struct call *call, json_t *message)
{
	struct evbuffer *output = bufferevent_get_output(call->peer);

	if (call->varlink.oneway)
		json_decref(message);
	else if (varlink_put(output, message) == -1 ||
	    evbuffer_get_length(output) > UNREAD_MAX)
		bufferevent_trigger_event(
		    call->peer, BEV_EVENT_ERROR, BEV_TRIG_DEFER_CALLBACKS);
}

/* Go on with the next call, from the loop: the stack may be deep here. */
static void
go_on(struct call *call)
{
	finish(call);
	expect_silence(call, true);
	bufferevent_trigger(call->peer, EV_READ,
	    BEV_TRIG_IGNORE_WATERMARKS | BEV_TRIG_DEFER_CALLBACKS);
}

void
call_reply(struct call *call, json_t *parameters, bool continues)
{
	send_message(call, varlink_reply(parameters, continues));
	if (!continues)
		go_on(call);
}

void
call_error(struct call *call, const char *name, json_t *parameters)
{
	char whole[128] = "";

	if (strchr(name, '.') == NULL)
		strlcpy(whole, "org.hotswap.Supervisor.", sizeof(whole));
	strlcat(whole, name, sizeof(whole));
	send_message(call, varlink_error(whole, parameters));
	go_on(call);
}

void
call_fail(struct call *call, const char *name, const char *message)
{
	call_error(call, name, json_pack("{ss}", "message", message));
}

static bool
has_group(int sock, gid_t primary, gid_t group)
{
	gid_t groups[GROUPS_MAX];
	socklen_t len = sizeof(groups);
	size_t i;

	if (primary == group)
		return true;
	if (getsockopt(sock, SOL_SOCKET, SO_PEERGROUPS, groups, &len) == -1)
		return false;
	for (i = 0; i < len / sizeof(*groups); i++) {
		if (groups[i] == group)
			return true;
	}
	return false;
}

/* The mode of the socket says the same; this holds where it is changed. */
static bool
may_connect(const struct control *control, int sock, uid_t *uid)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	if (getsockopt(sock, SOL_SOCKET, SO_PEERCRED, &peer, &len) == -1)
		return false;
	*uid = peer.uid;
	if (is_owner(peer.uid))
		return true;
	if (control->group != (gid_t)-1 &&
	    has_group(sock, peer.gid, control->group))
		return true;
	log_warn(
	    "control: user %u, process %d: not permitted", peer.uid, peer.pid);
	return false;
}

/* WHO FINDS ROOM */

static bool
is_anybody(const struct call *call, uid_t uid)
{
	return true;
}

static bool
is_guest(const struct call *call, uid_t uid)
{
	return !is_owner(call->uid);
}

static bool
is_same_user(const struct call *call, uid_t uid)
{
	return call->uid == uid;
}

/* Disconnect the one of those that has been idle longest.  False: none is. */
static bool
disconnect_idle(struct control *control,
    bool (*is_one)(const struct call *, uid_t), uid_t uid)
{
	struct call *call;

	TAILQ_FOREACH (call, &control->calls, entry) {
		if (call->varlink.message == NULL && is_one(call, uid)) {
			disconnect(call);
			return true;
		}
	}
	return false;
}

/* The guest whose call or connection is the newest.  False if there is none. */
static bool
disconnect_guest(struct control *control)
{
	struct call *call;

	TAILQ_FOREACH_REVERSE(call, &control->calls, calls, entry)
	{
		if (!is_owner(call->uid)) {
			disconnect(call);
			return true;
		}
	}
	return false;
}

static unsigned int
count(const struct control *control, bool (*is_one)(const struct call *, uid_t),
    uid_t uid)
{
	const struct call *call;
	unsigned int n = 0;

	TAILQ_FOREACH (call, &control->calls, entry)
		n += is_one(call, uid);
	return n;
}

/* An owner displaces guests, a guest the idle ones of its like alone. */
static bool
make_room(struct control *control, uid_t uid)
{
	bool full = control->npeers >= PEERS_MAX;

	if (is_owner(uid))
		return !full || disconnect_idle(control, is_anybody, uid) ||
		    disconnect_guest(control);
	if (count(control, is_same_user, uid) >= GUEST_MAX)
		return disconnect_idle(control, is_same_user, uid);
	return (!full && count(control, is_guest, uid) < GUESTS_MAX) ||
	    disconnect_idle(control, is_guest, uid);
}

static int
connect_peer(struct control *control, int sock, uid_t uid)
{
	struct call *call = calloc(1, sizeof(*call));

	if (call == NULL)
		return -1;
	call->control = control;
	call->uid = uid;
	call->peer = bufferevent_socket_new(
	    control->service->base, sock, BEV_OPT_CLOSE_ON_FREE);
	if (call->peer == NULL) {
		free(call);
		return -1;
	}
	TAILQ_INSERT_TAIL(&control->calls, call, entry);
	control->npeers++;
	bufferevent_setcb(call->peer, peer_readable, NULL, peer_event, call);
	bufferevent_setwatermark(call->peer, EV_READ, 0, VARLINK_MESSAGE_MAX);
	expect_silence(call, true);
	bufferevent_enable(call->peer, EV_READ | EV_WRITE);
	return 0;
}

/*
 * Without a descriptor to spare a peer that waits would wake us for ever:
 * leave it in the queue for a while.
 */
static void
pause_accepting(struct control *control, const char *why)
{
	struct timeval delay = clock_interval(RETRY_MS);

	if (!control->lacking)
		log_warn("control: accept: %s", why);
	control->lacking = true;
	disconnect_idle(control, is_anybody, 0);
	event_del(control->accepting);
	evtimer_add(control->retry, &delay);
}

static void
resume_accepting(evutil_socket_t fd, short what, void *arg)
{
	struct control *control = arg;

	event_add(control->accepting, NULL);
}

static void
accept_peer(evutil_socket_t fd, short what, void *arg)
{
	struct control *control = arg;
	uid_t uid;
	int sock = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (sock == -1) {
		if (errno == EMFILE || errno == ENFILE || errno == ENOMEM ||
		    errno == ENOBUFS)
			pause_accepting(control, strerror(errno));
		return;
	}
	control->lacking = false;
	if (!may_connect(control, sock, &uid) || !make_room(control, uid) ||
	    connect_peer(control, sock, uid) == -1)
		close(sock);
}

static int
set_access(struct control *control, const char *group)
{
	const struct group *entry;

	control->group = -1;
	if (group == NULL)
		return chmod(control->path, 0600);
	if ((entry = getgrnam(group)) == NULL) {
		errno = EINVAL;
		return -1;
	}
	control->group = entry->gr_gid;
	if (chown(control->path, -1, entry->gr_gid) == -1 ||
	    paths_let_through(control->service->runtime) == -1)
		return -1;
	return chmod(control->path, 0660);
}

/* A socket bound at the path; -1 with errno. */
static int
open_socket(const char *path)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	mode_t before;

	if (fd == -1)
		return -1;
	unlink(path);
	before = umask(0177);
	if (paths_bind(fd, path) == -1)
		fd_close(&fd);
	umask(before);
	return fd;
}

/*
 * No call has any, and to drop one can take as long as who sent it likes:
 * where the kernel knows how, it is the sender that is refused, unix(7).
 */
static void
refuse_descriptors(int sock)
{
	int zero = 0;

	setsockopt(sock, SOL_SOCKET, SO_PASSRIGHTS, &zero, sizeof(zero));
}

struct control *
control_new(struct service *service, const char *path, const char *group,
    int fd, control_method *carry_out)
{
	struct control *control = calloc(1, sizeof(*control));

	if (control == NULL) {
		fd_close(&fd);
		return NULL;
	}
	control->service = service;
	control->carry_out = carry_out;
	TAILQ_INIT(&control->calls);
	strlcpy(control->path, path, sizeof(control->path));
	control->sock = fd != -1 ? fd : open_socket(path);
	if (control->sock == -1)
		goto fail;
	refuse_descriptors(control->sock);
	if (set_access(control, group) == -1 ||
	    listen(control->sock, SOMAXCONN) == -1)
		goto fail;
	control->accepting = event_new(service->base, control->sock,
	    EV_READ | EV_PERSIST, accept_peer, control);
	control->retry = evtimer_new(service->base, resume_accepting, control);
	if (control->accepting == NULL || control->retry == NULL ||
	    event_add(control->accepting, NULL) == -1)
		goto fail;
	return control;
fail:
	control_free(control);
	return NULL;
}

int
control_fd(const struct control *control)
{
	return control->sock;
}

/* What is queued for a peer, without waiting for it. */
static void
flush_peer(struct call *call)
{
	struct evbuffer *output = bufferevent_get_output(call->peer);

	/* A bufferevent lets nobody but itself take from its output. */
	evbuffer_unfreeze(output, 1);
	while (evbuffer_get_length(output) > 0 &&
	    evbuffer_write(output, bufferevent_getfd(call->peer)) > 0)
		;
	evbuffer_freeze(output, 1);
}

void
control_flush(struct control *control)
{
	struct call *call;

	TAILQ_FOREACH (call, &control->calls, entry)
		flush_peer(call);
}

void
control_free(struct control *control)
{
	int saved = errno;
	struct call *call;

	if (control == NULL)
		return;
	while ((call = TAILQ_FIRST(&control->calls)) != NULL) {
		flush_peer(call);
		disconnect(call);
	}
	if (control->accepting != NULL) {
		event_free(control->accepting);
		unlink(control->path);
	}
	if (control->retry != NULL)
		event_free(control->retry);
	fd_close(&control->sock);
	free(control);
	errno = saved;
}
