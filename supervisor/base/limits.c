/* SPDX-License-Identifier: ISC */
/*
 * The soft limit of descriptors: raised once; children get the old one, which
 * also survives execve(2).
 */
#include "base/limits.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/param.h>

#define BEFORE "HOTSWAP_NOFILE" /* programs do not get it, spawn_env.c */

static rlim_t before; /* 0: it is not known */

void
limits_raise(void)
{
	const char *text = getenv(BEFORE);
	struct rlimit limit;
	char number[24];

	if (getrlimit(RLIMIT_NOFILE, &limit) == -1)
		return;
	before = text != NULL ? strtoul(text, NULL, 10) : limit.rlim_cur;
	snprintf(number, sizeof(number), "%llu", (unsigned long long)before);
	if (before == 0 || setenv(BEFORE, number, 1) == -1) {
		before = 0;
		return;
	}
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

int
limits_of_child(struct rlimit *limit)
{
	if (getrlimit(RLIMIT_NOFILE, limit) == -1)
		return -1;
	if (before != 0)
		limit->rlim_cur = MIN(before, limit->rlim_max);
	return 0;
}
