/* SPDX-License-Identifier: ISC */
/*
 * Latencies in buckets whose width grows.
 */
#include "histogram.h"

#include <stddef.h>

/* The highest bit of v is above 7: the upper 8 bits choose the bucket. */
static size_t
bucket_of(int64_t ns)
{
	unsigned int shift;
	size_t bucket;

	if (ns < HISTOGRAM_LINEAR)
		return ns < 0 ? 0 : (size_t)ns;
	shift = 63 - 7 - (unsigned int)__builtin_clzll((uint64_t)ns);
	bucket = HISTOGRAM_LINEAR + (size_t)(shift - 1) * HISTOGRAM_STEPS +
	    (size_t)(ns >> shift) - HISTOGRAM_STEPS;
	return bucket < HISTOGRAM_BUCKETS ? bucket : HISTOGRAM_BUCKETS - 1;
}

/* The middle of a bucket. */
static int64_t
value_of(size_t bucket)
{
	size_t above, shift;

	if (bucket < HISTOGRAM_LINEAR)
		return (int64_t)bucket;
	above = bucket - HISTOGRAM_LINEAR;
	shift = above / HISTOGRAM_STEPS + 1;
	return ((int64_t)(above % HISTOGRAM_STEPS + HISTOGRAM_STEPS) << shift) +
	    ((int64_t)1 << (shift - 1));
}

void
histogram_add(struct histogram *h, int64_t ns)
{
	h->buckets[bucket_of(ns)]++;
	h->count++;
	if (ns > h->max)
		h->max = ns;
}

void
histogram_merge(struct histogram *h, const struct histogram *from)
{
	size_t i;

	for (i = 0; i < HISTOGRAM_BUCKETS; i++)
		h->buckets[i] += from->buckets[i];
	h->count += from->count;
	if (from->max > h->max)
		h->max = from->max;
}

int64_t
histogram_quantile(const struct histogram *h, double q)
{
	uint64_t seen = 0, rank = (uint64_t)(q * (double)h->count);
	int64_t value;
	size_t i;

	if (h->count == 0)
		return 0;
	if (rank >= h->count)
		return h->max;
	for (i = 0; i < HISTOGRAM_BUCKETS - 1; i++) {
		seen += h->buckets[i];
		if (seen > rank)
			break;
	}
	value = value_of(i);
	return value < h->max ? value : h->max;
}
