/* SPDX-License-Identifier: ISC */
/*
 * A listener: one address of the service and, for each generation, its own
 * sockets there.  An address has one of three ways of steering:
 *
 *   reuseport  TCP, UDP: one SO_REUSEPORT group with a BPF program on it
 *              (traffic/chooser.h, traffic/group.h)
 *   rename     Unix stream sockets with a path: each generation has a private
 *              path; link(2) and rename(2) put one in place
 *   shared     abstract Unix sockets, Unix datagram sockets and sockets that
 *              somebody else made: one socket for all generations
 *
 * The listener keeps a duplicate of every socket, so that the queue of a
 * program that died waits for the program that is started again.
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
 * name is what LISTEN_FDNAMES says (copied; NULL: no name).  backlog is for the
 * sockets that are made here.  *New*; NULL with errno.
 */
struct listener *listener_new(
    const char *name, const struct address *, int backlog);

/*
 * A listener for a bound and listening socket that somebody else has made and
 * still holds, as systemd does with the sockets of .socket units.  All
 * generations share the socket, since it cannot have siblings; what they do not
 * read from it, the next holder reads.  *Steals* fd in every case.  The holder
 * is as for listener_set_holder.  backlog is for a socket that a program has
 * shut down.  *New*; NULL with errno: EINVAL if the socket does not listen.
 */
struct listener *listener_new_passed(
    const char *name, int fd, int backlog, const struct holder *);

/* Did somebody else make its socket? */
bool listener_is_passed(const struct listener *);

/*
 * From now on tell the holder what happens to the sockets that are made here.
 * The holder is borrowed for the listener's life.
 */
void listener_set_holder(struct listener *, const struct holder *);

/*
 * Save everything that a successor must know, *new*: the same value, which must
 * not be changed, until the listener changes.
 */
json_t *listener_save(struct listener *);

/*
 * Restore in a successor what listener_save has saved; the sockets have served
 * all the time.  take returns a descriptor of a socket, *new* at each call; -1
 * if the socket no longer exists.  Steering stays as it is until
 * listener_steer, which the caller should call next.  *New*; NULL with errno:
 * then the sockets that were taken stay open, for the caller leaves them to
 * others.
 */
struct listener *listener_restore(const json_t *,
    int (*take)(uint64_t cookie, void *arg), void *arg, const struct holder *);

/* Close all sockets; unlink the paths of Unix sockets that are still ours. */
void listener_free(struct listener *);

const char *listener_name(const struct listener *); /* NULL: no name */
const struct address *listener_address(const struct listener *);
enum listener_steering listener_steering(const struct listener *);
bool listener_v6only(const struct listener *);

/*
 * Set the owner of sockets and paths that are made here from now on; the
 * default is ourselves.  To give them away needs CAP_CHOWN.  A group's sockets
 * must have one owner: that of the first, as long as there is any.  Copied; -1
 * with ENOMEM.
 */
int listener_set_owner(struct listener *, const struct credentials *);

/*
 * listener_set_kind: what chooses among the sockets from the next plan on.  It
 * is KIND_CLASSIC by default, and where KIND_EBPF turns out to be impossible.
 * listener_kind: what chooses now.
 */
void listener_set_kind(struct listener *, enum steering_kind);
enum steering_kind listener_kind(const struct listener *);

/*
 * listener_given: the number of connections or datagrams that a generation has
 * been given, 0 where nobody counts them (KIND_CLASSIC).  listener_flows: the
 * number of its UDP flows that have not been silent for longer than idle_ms.
 */
uint64_t listener_given(const struct listener *, unsigned int generation);
size_t listener_flows(
    const struct listener *, unsigned int generation, int64_t idle_ms);

/*
 * The directory in which Unix sockets that join from now on have their names,
 * borrowed until the next call, and the umask for their files.  NULL, the
 * default: the directory of the address, as the operator named it.
 */
void listener_set_place(struct listener *, struct directory *, mode_t umask);

/*
 * Make the socket of a generation, bound and listening, at share 0: only
 * directed clients reach it until listener_steer gives it a share.  The socket
 * of the first generation is in place at once.  An address with port 0 gets the
 * port that the kernel gives to the first socket.
 *
 * For a generation that has sockets already: call this before its program is
 * started again.  Sockets that the program has shut down listen again, and all
 * of them have our backlog until the program listens, since nobody accepts.
 *
 * Returns the descriptor, borrowed; -1 with errno: EADDRINUSE if another
 * program holds the address, ENOTSOCK if something other than a socket is at
 * its path.
 */
int listener_open(struct listener *, unsigned int generation);

/*
 * What is done instead of bind(2) for a program that binds its own socket to
 * this address.
 *
 *   LISTENER_BIND   listener_bind, and listener_adopt before its listen(2)
 *   LISTENER_ADOPT  listener_adopt
 *   LISTENER_SHARE  it gets a duplicate of the socket that listener_open
 *                   returns, since there can be only one
 */
enum listener_way { LISTENER_BIND, LISTENER_ADOPT, LISTENER_SHARE };
enum listener_way listener_way(const struct listener *);

/*
 * Bind a program's own stream socket, borrowed, with the properties that the
 * sockets of the group have in common.  The socket belongs to no generation
 * yet.  -1 with errno: as listener_adopt, and EADDRINUSE also if the kernel
 * would not put the socket into the group.
 */
int listener_bind(struct listener *, int fd);

/* Is the socket of this cookie, sockopt_cookie, one of the generation's? */
bool listener_has(
    const struct listener *, unsigned int generation, uint64_t cookie);

/*
 * A program is about to call listen(2) on such a socket again.  If the program
 * has shut the socket down, the socket has left its group: it joins the group
 * again, listening, and 1 is returned; 0 if it had not left.  -1 with errno.
 */
int listener_listen_again(struct listener *, unsigned int generation, int fd);

/*
 * Has the generation no socket here, or does one of them listen?  Otherwise it
 * has shut them down, and all connections go to other generations.  Datagram
 * sockets and those of other kinds cannot leave like that: true.
 */
bool listener_is_open(const struct listener *, unsigned int generation);

/*
 * Take over a program's own socket as one of the generation's.  *Steals* fd in
 * every case.  A stream socket is bound here unless it is bound already, and
 * listens on return, so that its place in the group is certain: call this
 * before listen(2) goes on.  A datagram socket is bound here: call this instead
 * of bind(2).  From then on the program on the group may choose the socket.  If
 * fd is a duplicate of a socket that the generation has, nothing changes.  -1
 * with errno: EXDEV if its owner differs and may not be changed, EINVAL if it
 * listens already, EADDRINUSE if another socket has the address, or may be the
 * only one to have it.
 */
int listener_adopt(struct listener *, unsigned int generation, int fd);

/*
 * listener_leaf: what the last component of a path may be to the listener.
 * listener_is_in: has the listener names in this directory, whatever links and
 * mounts lead there?  A path is the listener's if both agree.
 */
enum listener_path listener_leaf(const struct listener *, const char *leaf);
bool listener_is_in(const struct listener *, const struct identity *);

/*
 * Has the program renamed or removed the path of a Unix socket?  Then nobody
 * reaches the socket by this path any more.
 */
bool listener_is_gone(const struct listener *);

/*
 * rest: nobody reads from this socket for now, so new connections go to the
 * generation's other sockets, if there are any; not rest: somebody reads from
 * it again.  -1 with errno.
 */
int listener_rest(struct listener *, int fd, bool rest);

/* Close one socket of the generation, and the connections that wait in it. */
void listener_drop(struct listener *, unsigned int generation, int fd);

/* Has no generation a socket here? */
bool listener_is_empty(const struct listener *);

/* The generation's sockets, borrowed until the next change.  *n may be 0. */
const int *listener_sockets(
    const struct listener *, unsigned int generation, size_t *n);

/*
 * Put a plan in force, and remember it for sockets that join and leave later.
 * With rename, the generation with the greatest share is in place.  If no
 * generation with a share has a socket, the oldest generation that has one
 * serves.  -1 with errno: the plan before stays in force.
 */
int listener_steer(struct listener *, const struct steer_plan *);

/*
 * Does the kernel keep to the plan?  What is directed at the generation must
 * reach it, and what is not directed must reach no generation without a share.
 * Packets of our own, which no program sees, show this.  0 also if nothing can
 * be shown.  -1 with errno: EXDEV if what is directed at the generation reaches
 * another one, ENOLINK if a generation without a share is reached; then the
 * plan is put in force again.
 */
int listener_prove(struct listener *, unsigned int generation);

/*
 * A generation is about to be stopped.  From here on its sockets may leave the
 * group at any instant (a server may call shutdown(2) on its listening socket)
 * without moving another socket that is in use.  But if 1 is returned, a lookup
 * of the kernel may have found one of them: let a grace period pass before,
 * traffic/grace.h.  -1 with errno.
 */
int listener_prepare_leave(struct listener *, unsigned int generation);

/*
 * The generation has ended: close its sockets, and the placeholders that are
 * not needed any more.  No other duplicate of a datagram socket may be left,
 * since the kernel takes the socket out of its group only when the last one is
 * closed.
 */
void listener_leave(struct listener *, unsigned int generation);

/*
 * Give the sockets of a generation, with what waits in them, to a generation
 * that has none: they have its number from here on.  Call listener_steer next.
 * -1 with EEXIST if that generation has sockets.
 */
int listener_hand_over(struct listener *, unsigned int from, unsigned int to);

/*
 * The service is being stopped: keep new connections away, while the open ones
 * can end.  TCP: a SYN is dropped, so that the client tries again until the
 * sockets are closed.  Unix: the public path is removed.  A shared socket is
 * left as it is.  This cannot be undone.
 */
void listener_refuse(struct listener *);

/*
 * A program that ended may have unlinked the public path of a Unix socket of
 * another generation: put the socket of the generation in force back in place.
 */
void listener_mend(struct listener *);

/*
 * The number of connections that wait for the generation's accept(2), or of
 * bytes in datagrams that wait to be read.  -1 with errno if the kernel does
 * not tell.
 */
int listener_queued(const struct listener *, unsigned int generation);

/*
 * The address to which a client connects, and the source from which it
 * connects, to reach this generation alone; n as for address_directed.  A Unix
 * socket has a private path, which is for people to read (its name alone if the
 * path is too long), and no source: source->len is 0.  -1 with errno.
 */
int listener_direct(const struct listener *, unsigned int generation,
    unsigned int n, struct address *to, struct address *source);

/*
 * For a Unix socket that each generation has of its own.  listener_private: its
 * name, and the directory of the name (traffic/directory.h), both borrowed;
 * NULL if there is none.  listener_connect: connect fd, which is non-blocking,
 * to the socket with the rights of the program that bound it; -1 with errno.
 */
const char *listener_private(const struct listener *, unsigned int generation,
    const struct directory **);
int listener_connect(const struct listener *, unsigned int generation, int fd);

#endif
