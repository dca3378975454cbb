/* SPDX-License-Identifier: ISC */
/*
 * sd_notify(3) from the program to us: one datagram socket for each generation,
 * whose path is NOTIFY_SOCKET.  A program's messages may use a fifth of our
 * time (base/pace.h); after that they wait in the socket, and so does their
 * sender.
 */
#ifndef PROCESS_NOTIFY_H
#define PROCESS_NOTIFY_H

#include <event2/event.h>
#include <sys/types.h>

#include "process/notify_message.h"

#define NOTIFY_REFUSED_MAX 32 /* descriptors */

/* The function may call notify_free. */
typedef void notify_fn(const struct notify_message *, void *arg);

struct notify;

/*
 * If fd is not -1, go on with this socket of a predecessor, *stolen* in every
 * case.  Else listen at path, an absolute path (a file there is removed first),
 * owned by uid and gid, mode 0600.  A path that is too long for sun_path,
 * unix(7), is replaced by an abstract address; there only messages of root, our
 * user and uid are taken.  Descriptors are closed once their message has been
 * told, which is what BARRIER=1 waits for; fn may take them over.  A program
 * that has sent NOTIFY_REFUSED_MAX descriptors that were refused is not
 * listened to any more.  *New*; NULL with errno.
 */
struct notify *notify_new(struct event_base *, const char *path, uid_t, gid_t,
    int fd, notify_fn *, void *arg);

/* Take the messages that wait now, but no more than can wait at once. */
void notify_listen(struct notify *);

/*
 * Make a socket again at the abstract address that a program knows, for
 * notify_new.  *New*; -1 with errno.
 */
int notify_revive(const char *path);

/* Close the socket and unlink its path. */
void notify_free(struct notify *);

/* Close the socket, whose path another one has by now. */
void notify_leave(struct notify *);

/* The socket, *borrowed*. */
int notify_fd(const struct notify *);

/* The value of NOTIFY_SOCKET, borrowed: the path, or `@name`. */
const char *notify_path(const struct notify *);

#endif
