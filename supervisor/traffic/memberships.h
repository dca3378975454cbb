/* SPDX-License-Identifier: ISC */
/*
 * The multicast groups that a socket is a member of, ip(7).  No call lists
 * them: each group of the machine is tried.
 */
#ifndef TRAFFIC_MEMBERSHIPS_H
#define TRAFFIC_MEMBERSHIPS_H

/*
 * Make a datagram socket a member of each group of which the other one is a
 * member, for the same senders.  Both are of this network namespace.  What
 * cannot be copied is skipped.
 */
void memberships_copy(int from, int to);

#endif
