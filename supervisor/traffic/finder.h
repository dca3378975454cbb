/* SPDX-License-Identifier: ISC */
/*
 * How the sockets that a predecessor has left are found.
 */
#ifndef TRAFFIC_FINDER_H
#define TRAFFIC_FINDER_H

#include <stdint.h>

/* Finds sockets for a way that is restored. */
struct way_finder {
	/*
	 * The descriptor of a generation's socket; with generation 0 of a
	 * socket that no generation has, which the way owns from then on.  -1
	 * if there is none any more.
	 */
	int (*find)(unsigned int generation, uint64_t cookie, void *arg);
	void *arg;
};

#endif
