/* SPDX-License-Identifier: ISC */
/*
 * Latencies, counted in buckets whose width grows with the value: each is known
 * to better than 1 %, from 1 ns to 18 minutes.
 */
#ifndef LOAD_HISTOGRAM_H
#define LOAD_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_LINEAR  256 /* buckets of 1 ns */
#define HISTOGRAM_STEPS	  128 /* buckets in each doubling beyond */
#define HISTOGRAM_DOUBLES 32
#define HISTOGRAM_BUCKETS \
	(HISTOGRAM_LINEAR + HISTOGRAM_STEPS * HISTOGRAM_DOUBLES)

struct histogram {
	uint64_t count;
	int64_t max; /* ns, exact */
	uint32_t buckets[HISTOGRAM_BUCKETS];
};

void histogram_add(struct histogram *, int64_t ns);
void histogram_merge(struct histogram *, const struct histogram *from);

/* The value in ns that a part q, 0 to 1, does not exceed; 0 if empty. */
int64_t histogram_quantile(const struct histogram *, double q);

#endif
