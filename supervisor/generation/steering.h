/* SPDX-License-Identifier: ISC */
/*
 * Steering of the service: every generation has its sockets in the listeners of
 * the service (generation/roster.h), and all listeners keep to the same shares.
 */
#ifndef GENERATION_STEERING_H
#define GENERATION_STEERING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct generation;
struct listener;
struct service;

/*
 * Can all listeners divide the connections between two generations?  -1 with
 * why.
 */
int steering_can_share(const struct service *, char *why, size_t size);

/*
 * Add a listener that a program made by binding its own socket, which is in the
 * listener.  The listener is removed with its last socket.  *Steals* it in
 * every case.  -1 with errno.
 */
int steering_add(struct service *, struct listener *);

/*
 * Make sockets at share 0 for a new generation in the listeners of --listen.
 * Before a program is started again, the sockets that it has shut down listen
 * again.  -1 with why.
 */
int steering_join(struct generation *, char *why, size_t size);

/*
 * Make sockets in every listener for a generation that is still to be started,
 * so that connections can wait there: a wrapped program gets these sockets when
 * it binds.  -1 with why.
 */
int steering_await(struct generation *, char *why, size_t size);

/*
 * Put the shares of all generations in force in every listener.  -1 with the
 * errno of the first listener that cannot be steered: such a listener keeps the
 * shares before, and all others have the new ones.
 */
int steering_apply(struct service *);

/*
 * Do connections go where the plan says (listener_prove), both those that are
 * directed at the generation and the others?  One call tests STEERING_PROOFS
 * listeners at most, from *next on, so that the kernel has time to free the
 * filters; the next call continues with the listeners behind them.  -1 with
 * why.
 */
#define STEERING_PROOFS 32
int steering_prove(
    const struct generation *, size_t *next, char *why, size_t size);

/*
 * Give one generation's sockets, with what waits in them, to another
 * generation, which has none.  Call steering_apply next.
 */
void steering_hand_over(
    const struct generation *from, const struct generation *to);

/*
 * prepare_leave: the generation is about to be stopped; no successor may let it
 * serve again, so this is committed before its sockets are hidden.  Must a
 * grace period pass before its program is told, traffic/grace.h?  leave: it has
 * ended.
 */
bool steering_prepare_leave(struct generation *);
void steering_leave(struct generation *);

/*
 * The number of a generation's UDP flows, and of the connections and datagrams
 * that the generation has been given, if eBPF chooses; otherwise 0.
 */
size_t steering_flows(const struct generation *);
uint64_t steering_given(const struct generation *);

/* The number of connections that wait for its accept(2), in all listeners. */
int steering_queued(const struct generation *);

#endif
