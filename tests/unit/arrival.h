/* SPDX-License-Identifier: ISC */
/*
 * What is sent over the loopback may arrive a moment after connect(2) or
 * send(2) has returned: where softirqs are many, ksoftirqd handles them, and
 * on a busy machine it has to wait for its turn.
 */
#ifndef UNIT_ARRIVAL_H
#define UNIT_ARRIVAL_H

#include <poll.h>
#include <stdbool.h>

#define ARRIVAL_MS 5000

/* Repeat until the expression is true, or for so long: is it? */
#define ARRIVES(expression)                             \
	({                                              \
		int left = ARRIVAL_MS;                  \
		while (!(expression) && left-- > 0)     \
			poll((struct pollfd *)0, 0, 1); \
		left >= 0;                              \
	})

#endif
