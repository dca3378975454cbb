/* SPDX-License-Identifier: ISC */
/*
 * sd_notify(3) from the program to us: one datagram socket a generation,
 * whose path is NOTIFY_SOCKET.  What a program sends may use a fifth of our
 * time (base/pace.h): past that it waits in the socket, and so does its
 * sender.
 */
#ifndef PROCESS_NOTIFY_H
#define PROCESS_NOTIFY_H

#include <event2/event.h>
#include <sys/types.h>

#include "process/notify_message.h"

#define NOTIFY_REFUSED_MAX 32 /* descriptors */

/* It may call notify_free. */
typedef void notify_fn(const struct notify_message *, void *arg);

struct notify;

/*
 * With fd not -1 go on at that socket of a predecessor, *stolen* in every
 * case.  Else listen at path, an absolute one (removed first if it is there),
 * owned by uid and gid, mode 0600.  A path that has no room in sun_path,
 * unix(7), is replaced by an abstract address, where messages count that come
 * from root, from our user or from uid.  Descriptors are closed once
 * their message has been told, which is what BARRIER=1 waits for, but for
 * those that were taken over.  Who has sent NOTIFY_REFUSED_MAX that were
 * refused is not heard any more.  *New*; NULL with errno.
 */
struct notify *notify_new(struct event_base *, const char *path, uid_t, gid_t,
    int fd, notify_fn *, void *arg);

/* Tell all messages that wait, now, but no more than can wait at once. */
void notify_listen(struct notify *);

/*
 * A socket at an abstract address that a program was told of, to be given to
 * notify_new: *new*; -1 with errno.
 */
int notify_revive(const char *path);

/* Close and unlink it. */
void notify_free(struct notify *);

/* The socket, *borrowed*. */
int notify_fd(const struct notify *);

/* What NOTIFY_SOCKET is to say, borrowed: the path, or `@name`. */
const char *notify_path(const struct notify *);

#endif
