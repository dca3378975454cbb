/* SPDX-License-Identifier: ISC */
/*
 * sd_notify(3): the socket, its datagrams and descriptors.  What a program
 * sends is never an error of ours.
 */
#include "process/notify.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/foreign.h"
#include "base/impatience.h"
#include "base/pace.h"

#define BURST	   64	/* messages before the loop's next turn, */
#define BURST_USEC 5000 /* or this much of our time */
#define QUEUE_FILE "/proc/sys/net/unix/max_dgram_qlen" /* unix(7) */
#define QUEUE_MAX  4096 /* bound for the number in that file */

struct notify {
	int fd;
	struct event *event;
	struct event *rest; /* pending while it has used up its share */
	struct share share;
	unsigned int queue; /* messages that can wait */
	size_t refused;	    /* descriptors */
	struct sockaddr_un address;
	char path[sizeof(((struct sockaddr_un *)0)->sun_path) + 1];
	uid_t uid;
	notify_fn *fn;
	void *arg;
	bool telling; /* fn runs */
	bool freed;   /* fn has called notify_free */
};

/* What came with a message: its sender, and descriptors. */
struct enclosed {
	struct ucred sender;
	int fds[FD_PASS_MAX];
	size_t nfds;
	size_t refused;
	bool lost; /* not all descriptors had room */
};

static void
enclosed_take(struct enclosed *enclosed, struct msghdr *msg)
{
	struct cmsghdr *cmsg;
	size_t len;

	memset(&enclosed->sender, 0, sizeof(enclosed->sender));
	enclosed->sender.uid = (uid_t)-1;
	enclosed->nfds = 0;
	enclosed->lost = (msg->msg_flags & MSG_CTRUNC) != 0;
	for (cmsg = CMSG_FIRSTHDR(msg); cmsg != NULL;
	     cmsg = CMSG_NXTHDR(msg, cmsg)) {
		if (cmsg->cmsg_level != SOL_SOCKET)
			continue;
		len = cmsg->cmsg_len - CMSG_LEN(0);
		if (cmsg->cmsg_type == SCM_CREDENTIALS) {
			memcpy(&enclosed->sender, CMSG_DATA(cmsg),
			    sizeof(enclosed->sender));
		} else if (cmsg->cmsg_type == SCM_RIGHTS) {
			memcpy(enclosed->fds, CMSG_DATA(cmsg), len);
			enclosed->nfds = len / sizeof(int);
		}
	}
}

static void
enclosed_close(struct enclosed *enclosed)
{
	while (enclosed->nfds > 0)
		foreign_close(&enclosed->fds[--enclosed->nfds]);
}

/* Refuse files that are not local: even their poll(2) may not answer. */
static void
enclosed_refuse(struct enclosed *enclosed)
{
	size_t i, n = 0;

	for (i = 0; i < enclosed->nfds; i++) {
		if (foreign_is_local(enclosed->fds[i]))
			enclosed->fds[n++] = enclosed->fds[i];
		else
			foreign_close(&enclosed->fds[i]);
	}
	enclosed->refused = enclosed->nfds - n;
	enclosed->nfds = n;
}

/* Receive a datagram; -1 with errno.  fd_receive returns no user. */
static ssize_t
receive(int fd, char *text, size_t size, struct enclosed *enclosed)
{
	union {
		char space[CMSG_SPACE(sizeof(int) * FD_PASS_MAX) +
		    CMSG_SPACE(sizeof(struct ucred))];
		struct cmsghdr align;
	} control;
	struct iovec iov = { .iov_base = text, .iov_len = size };
	struct msghdr msg = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control) };
	ssize_t n;

	impatience_begin(); /* the kernel drops what finds no number */
	do
		n = recvmsg(fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	while (n == -1 && errno == EINTR);
	impatience_end();
	if (n == -1)
		return -1;
	enclosed_take(enclosed, &msg);
	enclosed_refuse(enclosed);
	return msg.msg_flags & MSG_TRUNC ? (ssize_t)size : n;
}

/* A path is protected by its mode; an abstract address is open to everybody. */
static bool
is_from_a_friend(const struct notify *notify, const struct ucred *sender)
{
	return notify->path[0] != '@' || sender->uid == 0 ||
	    sender->uid == geteuid() || sender->uid == notify->uid;
}

/* sd_notify(3) lets NUL end a message; a NUL in the middle makes it invalid. */
static bool
is_text(const char *text, size_t len)
{
	while (len > 0 && text[len - 1] == '\0')
		len--;
	return memchr(text, '\0', len) == NULL;
}

/* Take a message.  False if there was none. */
static bool
notify_take(struct notify *notify)
{
	char text[NOTIFY_MESSAGE_MAX + 1];
	struct notify_message message;
	struct enclosed enclosed;
	ssize_t n;

	if (notify->refused >= NOTIFY_REFUSED_MAX)
		return false;
	n = receive(notify->fd, text, sizeof(text), &enclosed);
	if (n == -1)
		return false;
	notify->refused += enclosed.refused;
	if (n <= NOTIFY_MESSAGE_MAX && is_text(text, n) &&
	    is_from_a_friend(notify, &enclosed.sender)) {
		text[n] = '\0';
		if (enclosed.lost)
			enclosed_close(&enclosed);
		message = (struct notify_message){
			.sender = enclosed.sender.pid,
			.fds = enclosed.fds,
			.nfds = enclosed.nfds,
			.fds_lost = enclosed.lost,
			.fds_refused = enclosed.refused,
		};
		notify_message_parse(&message, text);
		notify->fn(&message, notify->arg);
	}
	enclosed_close(&enclosed);
	return true;
}

static void
notify_withdraw(struct notify *notify)
{
	if (notify->event != NULL)
		event_free(notify->event);
	notify->event = NULL;
	if (notify->rest != NULL)
		event_free(notify->rest);
	notify->rest = NULL;
}

static void
notify_unlink(const struct notify *notify)
{
	if (notify->path[0] == '/')
		unlink(notify->path);
}

/* Unread messages may hold the last reference to a descriptor. */
static void
notify_release(struct notify *notify)
{
	foreign_close(&notify->fd);
	free(notify);
}

/* Charge the time that messages took. */
static void
charge(struct notify *notify, int64_t usec)
{
	unsigned int ms = share_use(&notify->share, usec);
	struct timeval delay = clock_interval(ms);

	if (ms == 0 || evtimer_add(notify->rest, &delay) == -1)
		return;
	event_del(notify->event);
}

static void
rested(evutil_socket_t fd, short what, void *arg)
{
	struct notify *notify = arg;

	if (notify->refused < NOTIFY_REFUSED_MAX)
		event_add(notify->event, NULL);
}

static void
notify_tell(struct notify *notify, unsigned int most, int64_t most_usec)
{
	int64_t began = share_clock_usec(), used = 0;
	unsigned int i;

	notify->telling = true;
	for (i = 0; i < most && used <= most_usec; i++) {
		if (!notify_take(notify) || notify->freed)
			break;
		used = share_clock_usec() - began;
	}
	notify->telling = false;
	if (notify->freed)
		notify_release(notify);
	else if (notify->refused >= NOTIFY_REFUSED_MAX)
		event_del(notify->event);
	else
		charge(notify, used);
}

static void
notify_on_read(evutil_socket_t fd, short events, void *arg)
{
	notify_tell(arg, BURST, BURST_USEC);
}

void
notify_listen(struct notify *notify)
{
	notify_tell(notify, notify->queue, INT64_MAX);
}

/* The queue takes one message more than the limit, which unix(7) omits. */
static unsigned int
queue_length(void)
{
	char *text = fd_read_file(QUEUE_FILE, 64, NULL);
	unsigned long number = QUEUE_MAX;

	if (text != NULL)
		number = strtoul(text, NULL, 10) + 1;
	free(text);
	return number < QUEUE_MAX ? (unsigned int)number : QUEUE_MAX;
}

/* Set the address; sun_path begins with NUL for an abstract address. */
static void
notify_place(struct notify *notify, const char *path)
{
	struct sockaddr_un *un = &notify->address;

	un->sun_family = AF_UNIX;
	if (strlen(path) < sizeof(un->sun_path)) {
		strlcpy(un->sun_path, path, sizeof(un->sun_path));
		strlcpy(notify->path, path, sizeof(notify->path));
		return;
	}
	snprintf(notify->path, sizeof(notify->path), "@hotswap-notify-%08x%08x",
	    arc4random(), arc4random());
	strlcpy(un->sun_path + 1, notify->path + 1, sizeof(un->sun_path) - 1);
}

/*
 * The mode is set before bind(2), which creates the file with it, so that
 * nobody else can connect before.
 */
static int
notify_bind(struct notify *notify, uid_t uid, gid_t gid)
{
	socklen_t len =
	    offsetof(struct sockaddr_un, sun_path) + strlen(notify->path);
	struct sockaddr *sa = (struct sockaddr *)&notify->address;
	int one = 1;

	notify->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (notify->fd == -1 ||
	    setsockopt(
		notify->fd, SOL_SOCKET, SO_PASSCRED, &one, sizeof(one)) == -1 ||
	    fchmod(notify->fd, 0600) == -1)
		return -1;
	if (notify->path[0] == '@')
		return bind(notify->fd, sa, len);
	if (unlink(notify->path) == -1 && errno != ENOENT)
		return -1;
	if (bind(notify->fd, sa, len + 1) == -1)
		return -1;
	return lchown(notify->path, uid, gid);
}

int
notify_revive(const char *path)
{
	struct notify notify = { .fd = -1 };

	if (strlen(path) >= sizeof(notify.address.sun_path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	notify.address.sun_family = AF_UNIX;
	strlcpy(notify.path, path, sizeof(notify.path));
	memcpy(notify.address.sun_path + 1, path + 1, strlen(path) - 1);
	if (notify_bind(&notify, 0, 0) == -1)
		fd_close(&notify.fd);
	return notify.fd;
}

/* Use a predecessor's socket; its address is the one that its program knows. */
static int
notify_adopt(struct notify *notify, int fd)
{
	struct sockaddr_un un = { 0 };
	socklen_t len = sizeof(un);

	notify->fd = fd;
	if (getsockname(fd, (struct sockaddr *)&un, &len) == -1)
		return -1;
	notify->address = un;
	len -= offsetof(struct sockaddr_un, sun_path);
	memset(notify->path, 0, sizeof(notify->path));
	memcpy(notify->path, un.sun_path, len);
	if (notify->path[0] == '\0')
		notify->path[0] = '@';
	return 0;
}

struct notify *
notify_new(struct event_base *base, const char *path, uid_t uid, gid_t gid,
    int fd, notify_fn *fn, void *arg)
{
	struct notify *notify;
	int saved;

	if ((notify = calloc(1, sizeof(*notify))) == NULL) {
		fd_close(&fd);
		return NULL;
	}
	notify->fd = -1;
	notify->uid = uid;
	notify->fn = fn;
	notify->arg = arg;
	notify->queue = queue_length();
	notify_place(notify, path);
	if ((fd != -1 ? notify_adopt(notify, fd)
		      : notify_bind(notify, uid, gid)) == -1)
		goto fail;
	errno = ENOMEM;
	notify->event = event_new(
	    base, notify->fd, EV_READ | EV_PERSIST, notify_on_read, notify);
	notify->rest = evtimer_new(base, rested, notify);
	if (notify->event == NULL || notify->rest == NULL ||
	    event_add(notify->event, NULL) == -1)
		goto fail;
	return notify;
fail:
	saved = errno;
	notify_unlink(notify);
	notify_withdraw(notify);
	notify_release(notify);
	errno = saved;
	return NULL;
}

void
notify_leave(struct notify *notify)
{
	notify_withdraw(notify);
	if (notify->telling)
		notify->freed = true;
	else
		notify_release(notify);
}

void
notify_free(struct notify *notify)
{
	if (notify == NULL)
		return;
	/* Unlink at once: the caller may bind another socket there. */
	notify_unlink(notify);
	notify_leave(notify);
}

int
notify_fd(const struct notify *notify)
{
	return notify->fd;
}

const char *
notify_path(const struct notify *notify)
{
	return notify->path;
}
