/* SPDX-License-Identifier: ISC */
/*
 * Where what a predecessor has left is found.
 */
#ifndef TRAFFIC_FINDER_H
#define TRAFFIC_FINDER_H

#include <stdint.h>

/* Where a way that comes up again finds its sockets. */
struct way_finder {
	/*
	 * The descriptor of a generation's socket, or with 0 of one that is
	 * nobody's, the way's own from then on.  -1 if it is no more.
	 */
	int (*find)(unsigned int generation, uint64_t cookie, void *arg);
	void *arg;
};

#endif
