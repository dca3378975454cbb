/* SPDX-License-Identifier: ISC */
/*
 * Steering: every generation has its sockets in all listeners of the service
 * (generation/roster.h), and all listeners keep to the same shares.
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
 * Can all listeners give a part of the connections to one generation and the
 * rest to another?  -1 with why.
 */
int steering_can_share(const struct service *, char *why, size_t size);

/*
 * One that a program made by binding its own socket, which is in it; it goes
 * again with the last socket.  *Steals* it in every case.  -1 with errno.
 */
int steering_add(struct service *, struct listener *);

/*
 * Sockets for a new generation in those of --listen, at share 0; before a
 * program is started again, those that it has shut down listen again.  -1
 * with why.
 */
int steering_join(struct generation *, char *why, size_t size);

/*
 * Sockets in every listener for one that is still to be started, in which
 * connections can wait for it: a wrapped program gets them when it binds.
 * -1 with why.
 */
int steering_await(struct generation *, char *why, size_t size);

/*
 * Put the shares of all generations in force, in every listener.  -1 with the
 * errno of the first that cannot be steered: the shares before are in force
 * there, and the new ones at all others.
 */
int steering_apply(struct service *);

/*
 * Do what is directed at a generation and what is not go where the plan says
 * (listener_prove)?  Looks at STEERING_PROOFS listeners at most, from the
 * *next one on, so that the kernel has time to take the filters back; the
 * next call goes on behind them.  -1 with why.
 */
#define STEERING_PROOFS 32
int steering_prove(
    const struct generation *, size_t *next, char *why, size_t size);

/*
 * Give one generation's sockets, with what waits in them, to another that
 * has none.  To be followed by steering_apply.
 */
void steering_hand_over(
    const struct generation *from, const struct generation *to);

/* It is about to be stopped; and: it has ended. */
void steering_prepare_leave(struct generation *);
void steering_leave(struct generation *);

/*
 * Flows of UDP that a generation has, and connections and datagrams that the
 * generation has been given, where --steering is ebpf; else 0.
 */
size_t steering_flows(const struct generation *);
uint64_t steering_given(const struct generation *);

/* Connections that wait to be accepted by it, in all listeners. */
int steering_queued(const struct generation *);

#endif
