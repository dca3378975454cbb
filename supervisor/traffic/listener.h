/* SPDX-License-Identifier: ISC */
/*
 * A listener: one address of the service and, for each generation, its own
 * socket(s) there.  The only place that knows the order of the kernel's
 * array of a SO_REUSEPORT group, the private paths of Unix sockets, and
 * which of the ways of steering an address has:
 *
 *   reuseport  TCP, UDP: one group, a program on it (traffic/steer.h).
 *              A socket that leaves is replaced by the array's last, so a
 *              placeholder is put last beforehand where the last one serves.
 *   rename     Unix stream: each generation at a private path, link(2) and
 *              rename(2) put one in place.
 *   shared     abstract Unix, Unix datagram, sockets that somebody else has
 *              made: one socket for all.
 *
 * The listener keeps a duplicate of every socket, so that the queue of a
 * program that died waits for the one that is started again.
 */
#ifndef TRAFFIC_LISTENER_H
#define TRAFFIC_LISTENER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "traffic/address.h"
#include "traffic/endpoint.h"
#include "traffic/plan.h"

struct credentials;
struct directory;
struct holder;
struct identity;
struct listener;

/*
 * name is what LISTEN_FDNAMES says (copied; NULL: it has none).
 * backlog is of the sockets made here.  *New*; NULL with errno.
 */
struct listener *listener_new(
    const char *name, const struct address *, int backlog);

/*
 * One for a socket, bound and listening, that somebody else has made and goes
 * on to hold, as systemd does with those of .socket units.  All generations
 * share it: it cannot have siblings, and what is not read from it here is read
 * by whoever holds it next.  *Steals* fd in every case; the holder is as for
 * listener_set_holder; backlog is for one that a program has shut down.
 * *New*; NULL with errno: EINVAL if it is not listening.
 */
struct listener *listener_new_passed(
    const char *name, int fd, int backlog, const struct holder *);

/* Did somebody else make it? */
bool listener_is_passed(const struct listener *);

/*
 * Tell the holder of all that happens to sockets made here from now on.  It
 * is borrowed for the listener's life.
 */
void listener_set_holder(struct listener *, const struct holder *);

/* Everything that a successor must know, *new*. */
json_t *listener_save(const struct listener *);

/*
 * What listener_save has said, brought to life by a successor, while the
 * sockets served on.  take gives a descriptor of a socket, *new* each time it
 * is asked; -1 if it is no more.  Steering is left as it is until
 * listener_steer is called, which should come next.  *New*; NULL with errno:
 * what was taken stays open then, for the caller is to leave it to others.
 */
struct listener *listener_restore(const json_t *,
    int (*take)(uint64_t cookie, void *arg), void *arg, const struct holder *);

/* Close all sockets; unlink the paths of Unix sockets that are still ours. */
void listener_free(struct listener *);

const char *listener_name(const struct listener *); /* may be NULL */
const struct address *listener_address(const struct listener *);
enum listener_steering listener_steering(const struct listener *);
bool listener_v6only(const struct listener *);

/*
 * Owner of sockets and paths made here from now on, ours by default; to
 * give them away takes CAP_CHOWN.  A group's sockets must have one owner:
 * that of the first, as long as there is any.  Copied; -1 with ENOMEM.
 */
int listener_set_owner(struct listener *, const struct credentials *);

/*
 * What chooses among sockets from the next plan on: KIND_CLASSIC by default,
 * and where KIND_EBPF cannot be had after all.  listener_kind says what does.
 */
void listener_set_kind(struct listener *, enum steering_kind);
enum steering_kind listener_kind(const struct listener *);

/*
 * Connections or datagrams that a generation has been given, in all: 0 where
 * nobody counts them (KIND_CLASSIC); and its flows of UDP that have not been
 * silent for idle_ms.
 */
uint64_t listener_given(const struct listener *, unsigned int generation);
size_t listener_flows(
    const struct listener *, unsigned int generation, int64_t idle_ms);

/*
 * Where the Unix sockets that join from now on have their names, borrowed
 * until the next call, and the umask for their files.  NULL, the default:
 * where the address says, which somebody who may has named.
 */
void listener_set_place(struct listener *, struct directory *, mode_t umask);

/*
 * Make the socket of a generation, bound and listening, at share 0: only
 * directed clients reach it until listener_steer says otherwise; but the
 * first generation's is in place at once.  An address with port 0 gets the
 * port that the kernel gives to the first.
 *
 * For a generation that has sockets already: to be called before a program is
 * started anew.  Those that it has shut down listen again, and until it
 * listens itself all of them have our backlog, since nobody accepts.
 *
 * Returns the descriptor, borrowed; -1 with errno: EADDRINUSE if another
 * program holds the address, ENOTSOCK if something else than a socket lies
 * at its path.
 */
int listener_open(struct listener *, unsigned int generation);

/*
 * What a program that binds its own socket to this address gets instead of
 * bind(2).
 *
 *   LISTENER_BIND   listener_bind, and listener_adopt before its listen(2)
 *   LISTENER_ADOPT  listener_adopt
 *   LISTENER_SHARE  a duplicate of the one that listener_open returns, since
 *                   there can be only one
 */
enum listener_way { LISTENER_BIND, LISTENER_ADOPT, LISTENER_SHARE };
enum listener_way listener_way(const struct listener *);

/*
 * Bind a program's own stream socket, borrowed, with what the group has in
 * common.  It is nobody's yet.  -1 with errno: as listener_adopt, and
 * EADDRINUSE too if the kernel would not count it among the group.
 */
int listener_bind(struct listener *, int fd);

/* Is this, or a duplicate of it, one of the generation's sockets? */
bool listener_has(const struct listener *, unsigned int generation, int fd);

/*
 * A program is about to listen on such a socket once more.  If the program has
 * shut it down, the socket has left its group, and joins it again, listening.
 * -1 with errno.
 */
int listener_listen_again(struct listener *, unsigned int generation, int fd);

/*
 * Take over a program's own socket as one of generation's.  *Steals* fd in
 * every case.  A stream socket is bound here unless it is, and listens on
 * return, so that its place in the group is certain: call this before
 * listen(2) goes on.  A datagram socket is bound here: call it instead of
 * bind(2).  It is chosen by the program on the group from then on.  To adopt
 * a duplicate of a socket that the generation has changes nothing.  -1 with
 * errno: EXDEV if its owner differs and may not be changed, EINVAL if it
 * listens already, EADDRINUSE if another has the address, or may be the only
 * one to have it.
 */
int listener_adopt(struct listener *, unsigned int generation, int fd);

/*
 * What a path's last component may be to a listener; and whether the
 * listener's names are in this directory, through whatever links and mounts
 * it is reached.  A path is the listener's where both are so.
 */
enum listener_path listener_leaf(const struct listener *, const char *leaf);
bool listener_is_in(const struct listener *, const struct identity *);

/*
 * Has the program renamed or removed the path of a Unix socket?  Nobody reaches
 * the socket by it any more: it was a name aside, or is another program's.
 */
bool listener_is_gone(const struct listener *);

/*
 * Nobody reads from this socket of the generation's for now, or somebody does
 * again: new connections go to its others, if there are any.  -1 with errno.
 */
int listener_rest(struct listener *, int fd, bool rest);

/* Close this one socket of the generation's, and what waits in it. */
void listener_drop(struct listener *, unsigned int generation, int fd);

/* No generation has a socket there. */
bool listener_is_empty(const struct listener *);

/* The generation's sockets, borrowed until the next change.  *n may be 0. */
const int *listener_sockets(
    const struct listener *, unsigned int generation, size_t *n);

/*
 * Put a plan in force.  Remembered, for what joins and leaves later.  For
 * rename the generation with the greatest share is in place.  Where none that
 * has a share has a socket, the oldest that has one serves.
 * -1 with errno; the plan before is in force then.
 */
int listener_steer(struct listener *, const struct steer_plan *);

/*
 * Does the kernel keep to the plan?  What is directed at the generation must
 * reach it, and what is not directed must reach none that has no share.
 * Packets of our own show it, which no program sees.  0 also where nothing
 * can be shown.  -1 with errno: EXDEV if what is directed at the generation
 * reaches another, ENOLINK if one without a share is reached; then the plan
 * is put in force again.
 */
int listener_prove(struct listener *, unsigned int generation);

/*
 * A generation is about to be stopped: from here on its sockets may leave
 * the group at any instant (a server may shutdown(2) its listening socket)
 * without anybody else's place changing while in use.  -1 with errno.
 */
int listener_prepare_leave(struct listener *, unsigned int generation);

/*
 * The generation has ended: close its sockets, tidy the array.  No other
 * duplicate of a datagram socket may be left, since the kernel takes it out
 * of its group only when the last one is closed.
 */
void listener_leave(struct listener *, unsigned int generation);

/*
 * Give the sockets of a generation, with what waits in them, to another that
 * has none: they go by its number from here on.  To be followed by
 * listener_steer.  Returns -1 with EEXIST if it has some.
 */
int listener_hand_over(struct listener *, unsigned int from, unsigned int to);

/*
 * The service is being stopped: keep new connections away, while those that
 * are there can end in peace.  TCP: a SYN is dropped, so that the client
 * tries again until the sockets are closed; Unix: the public path is
 * removed; what is shared goes on.  There is no way back.
 */
void listener_refuse(struct listener *);

/*
 * A program that ended may have unlinked the public path of a Unix socket
 * that is not its own: put the generation in force back in place.
 */
void listener_mend(struct listener *);

/*
 * Connections waiting to be accepted by the generation, or datagrams' bytes
 * waiting to be read.  -1 with errno if the kernel does not tell.
 */
int listener_queued(const struct listener *, unsigned int generation);

/*
 * Where a client connects, and from where, to reach this generation alone;
 * n as for address_directed.  A Unix socket has a private path, which is told
 * for people to read (its name alone where the path is too long), and no
 * source: source->len is 0.  -1 with errno.
 */
int listener_direct(const struct listener *, unsigned int generation,
    unsigned int n, struct address *to, struct address *source);

/*
 * For a Unix socket that each generation has its own of: its name, and the
 * directory that this is in (traffic/directory.h), both borrowed.  NULL if
 * there is none.  Connect fd, which does not block, to it, with the rights of
 * the program that bound it; -1 with errno.
 */
const char *listener_private(const struct listener *, unsigned int generation,
    const struct directory **);
int listener_connect(const struct listener *, unsigned int generation, int fd);

#endif
