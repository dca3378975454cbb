/* SPDX-License-Identifier: ISC */
/*
 * What a wrapped program does to choose itself which of its sockets gets a
 * connection: it attaches a program to their SO_REUSEPORT group, or takes one
 * away (SO_ATTACH_REUSEPORT_CBPF, SO_ATTACH_REUSEPORT_EBPF,
 * SO_DETACH_REUSEPORT_BPF, socket(7)), or takes a socket out of the group's
 * rule (SO_REUSEPORT set to 0).  All generations have their sockets in that
 * group: whoever attaches last would choose for all of them.
 */
#ifndef GENERATION_OWN_STEERING_H
#define GENERATION_OWN_STEERING_H

struct generation;
struct intercept_call;

/*
 * Decide such a call, and answer it.  On a socket of a listener that hotswap
 * steers the program is told that it is done, and nothing is done; from then
 * on the generation steers, as `status` says.  All other sockets are the
 * kernel's business.
 */
void own_steering_decide(struct generation *, struct intercept_call *);

#endif
