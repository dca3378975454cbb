/* SPDX-License-Identifier: ISC */
/*
 * The control socket.  A peer costs at most one connection, and guests (peers
 * that are no owners) never keep an owner out.
 */
#include "control/control.h"

#include <errno.h>
#include <event2/event.h>
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
#include "control/call.h"
#include "core/held.h"
#include "core/service.h"

#define PEERS_MAX  128 /* at the limit the longest idle one is disconnected */
#define GUESTS_MAX 96  /* of PEERS_MAX, for guests */
#define GUEST_MAX  32  /* of GUESTS_MAX, for each user */
#define GROUPS_MAX 256
#define RETRY_MS   100 /* until a descriptor may be free again */

#ifndef SO_PASSRIGHTS
#define SO_PASSRIGHTS 83 /* Linux 6.16 */
#endif

/* A connection. */
struct peer {
	TAILQ_ENTRY(peer) entry;
	struct control *control;
	struct call *call;
	uid_t uid;
};

struct control {
	struct service *service;
	control_method *carry_out;
	char path[PATH_MAX];
	int sock;
	struct event *accepting;
	struct event *retry; /* pending while we do not accept */
	bool lacking;	     /* nobody can be accepted, which was logged */
	gid_t group;	     /* -1: none */
	TAILQ_HEAD(peers, peer) peers; /* the longest idle one first */
	unsigned int npeers;
};

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

/* The socket's mode says the same; this check holds if the mode is changed. */
static bool
may_connect(const struct control *control, int sock, uid_t *uid)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	if (getsockopt(sock, SOL_SOCKET, SO_PEERCRED, &peer, &len) == -1)
		return false;
	*uid = peer.uid;
	if (call_is_of_owner(peer.uid))
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
is_anybody(const struct peer *peer, uid_t uid)
{
	return true;
}

static bool
is_guest(const struct peer *peer, uid_t uid)
{
	return !call_is_of_owner(peer->uid);
}

static bool
is_same_user(const struct peer *peer, uid_t uid)
{
	return peer->uid == uid;
}

/*
 * Disconnect the peer that is idle for longest among those for which is_one is
 * true.  False if none is idle.
 */
static bool
disconnect_idle(struct control *control,
    bool (*is_one)(const struct peer *, uid_t), uid_t uid)
{
	struct peer *peer;

	TAILQ_FOREACH (peer, &control->peers, entry) {
		if (!call_is_under_way(peer->call) && is_one(peer, uid)) {
			call_free(peer->call);
			return true;
		}
	}
	return false;
}

/* Disconnect the guest whose call or connection is newest; false if none. */
static bool
disconnect_guest(struct control *control)
{
	struct peer *peer;

	TAILQ_FOREACH_REVERSE(peer, &control->peers, peers, entry)
	{
		if (!call_is_of_owner(peer->uid)) {
			call_free(peer->call);
			return true;
		}
	}
	return false;
}

static unsigned int
count(const struct control *control, bool (*is_one)(const struct peer *, uid_t),
    uid_t uid)
{
	const struct peer *peer;
	unsigned int n = 0;

	TAILQ_FOREACH (peer, &control->peers, entry)
		n += is_one(peer, uid);
	return n;
}

/* An owner displaces idle peers or any guest; a guest only idle guests. */
static bool
make_room(struct control *control, uid_t uid)
{
	bool full = control->npeers >= PEERS_MAX;

	if (call_is_of_owner(uid))
		return !full || disconnect_idle(control, is_anybody, uid) ||
		    disconnect_guest(control);
	if (count(control, is_same_user, uid) >= GUEST_MAX)
		return disconnect_idle(control, is_same_user, uid);
	return (!full && count(control, is_guest, uid) < GUESTS_MAX) ||
	    disconnect_idle(control, is_guest, uid);
}

/* A call makes its peer the one that has been idle for the shortest time. */
static void
call_arrived(struct call *call, const char *method, void *arg)
{
	struct peer *peer = arg;
	struct control *control = peer->control;

	TAILQ_REMOVE(&control->peers, peer, entry);
	TAILQ_INSERT_TAIL(&control->peers, peer, entry);
	control->carry_out(call, method);
}

static void
peer_gone(void *arg)
{
	struct peer *peer = arg;

	TAILQ_REMOVE(&peer->control->peers, peer, entry);
	peer->control->npeers--;
	free(peer);
}

static const struct call_events call_events = {
	.arrived = call_arrived,
	.gone = peer_gone,
};

/* Steals sock in every case. */
static void
connect_peer(struct control *control, int sock, uid_t uid)
{
	struct peer *peer = calloc(1, sizeof(*peer));

	if (peer == NULL) {
		close(sock);
		return;
	}
	peer->control = control;
	peer->uid = uid;
	peer->call = call_new(control->service, sock, uid, &call_events, peer);
	if (peer->call == NULL) {
		free(peer);
		return;
	}
	TAILQ_INSERT_TAIL(&control->peers, peer, entry);
	control->npeers++;
}

static bool
is_lack(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOMEM ||
	    error == ENOBUFS;
}

/*
 * A peer in the queue that cannot be accepted would wake us all the time: leave
 * it there for a while.
 */
static void
pause_accepting(struct control *control, int error)
{
	struct timeval delay = clock_interval(RETRY_MS);

	if (!control->lacking)
		log_warn("control: accept: %s", strerror(error));
	control->lacking = true;
	if (is_lack(error))
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
		if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
			pause_accepting(control, errno);
		return;
	}
	control->lacking = false;
	if (may_connect(control, sock, &uid) && make_room(control, uid))
		connect_peer(control, sock, uid);
	else
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
 * No call has descriptors, and dropping one can take as long as its sender
 * likes.  SO_PASSRIGHTS makes the kernel refuse the sender's message instead,
 * unix(7).
 */
static void
refuse_descriptors(int sock)
{
	int zero = 0;

	setsockopt(sock, SOL_SOCKET, SO_PASSRIGHTS, &zero, sizeof(zero));
}

/* Listen, and accept what comes.  -1 with errno. */
static int
serve(struct control *control, const char *group)
{
	refuse_descriptors(control->sock);
	if (set_access(control, group) == -1 ||
	    listen(control->sock, SOMAXCONN) == -1)
		return -1;
	control->accepting = event_new(control->service->base, control->sock,
	    EV_READ | EV_PERSIST, accept_peer, control);
	return control->accepting != NULL ? event_add(control->accepting, NULL)
					  : -1;
}

/* A predecessor's socket, unless its path has gone meanwhile.  *Steals* fd. */
static int
reuse_socket(int fd, const char *path)
{
	struct stat st;

	if (fd != -1 && lstat(path, &st) == 0)
		return fd;
	fd_close(&fd);
	return open_socket(path);
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
	TAILQ_INIT(&control->peers);
	strlcpy(control->path, path, sizeof(control->path));
	control->sock = reuse_socket(fd, path);
	control->retry = evtimer_new(service->base, resume_accepting, control);
	if (control->sock == -1 || control->retry == NULL ||
	    serve(control, group) == -1)
		goto fail;
	return control;
fail:
	control_free(control);
	return NULL;
}

int
control_renew(struct control *control)
{
	struct service *service = control->service;
	struct stat st;
	int sock;

	if (lstat(control->path, &st) == 0)
		return 0;
	if (errno != ENOENT || (sock = open_socket(control->path)) == -1)
		return -1;
	evtimer_del(control->retry);
	if (control->accepting != NULL)
		event_free(control->accepting);
	control->accepting = NULL;
	fd_close(&control->sock);
	control->sock = sock;
	if (serve(control, service->options->control_group) == -1) {
		unlink(control->path);
		return -1;
	}
	held_put(service, "control", 0, sock);
	return 1;
}

int
control_fd(const struct control *control)
{
	return control->sock;
}

void
control_flush(struct control *control)
{
	struct peer *peer;

	TAILQ_FOREACH (peer, &control->peers, entry)
		call_flush(peer->call);
}

void
control_free(struct control *control)
{
	int saved = errno;
	struct peer *peer;

	if (control == NULL)
		return;
	while ((peer = TAILQ_FIRST(&control->peers)) != NULL) {
		call_flush(peer->call);
		call_free(peer->call);
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
