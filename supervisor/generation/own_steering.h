/* SPDX-License-Identifier: ISC */
/*
 * The calls by which a wrapped program would choose itself which of its sockets
 * gets a connection.  The program attaches a BPF program to their SO_REUSEPORT
 * group or detaches one (SO_ATTACH_REUSEPORT_CBPF, SO_ATTACH_REUSEPORT_EBPF,
 * SO_DETACH_REUSEPORT_BPF, socket(7)), or sets SO_REUSEPORT to 0, so that the
 * group's program does not choose for that socket.  All generations have their
 * sockets in that group: the last program that is attached would choose for all
 * of them.
 */
#ifndef GENERATION_OWN_STEERING_H
#define GENERATION_OWN_STEERING_H

struct generation;
struct intercept_call;

/*
 * Decide such a call, and answer it.  If the socket belongs to a listener that
 * hotswap steers, the call does nothing but returns success; unless the call
 * only clears SO_REUSEPORT, `status` says from then on that the generation
 * steers.  On other sockets the kernel executes the call.
 */
void own_steering_decide(struct generation *, struct intercept_call *);

#endif
