/* SPDX-License-Identifier: ISC */
/*
 * Runs tests of steering once for each kind that is possible here, or only for
 * the kind that STEERING names.  To be included after cmocka.h.
 */
#ifndef UNIT_BOTH_KINDS_H
#define UNIT_BOTH_KINDS_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "traffic/ebpf.h"
#include "traffic/endpoint.h"

/* The kind for listener_set_kind. */
static enum steering_kind kind_of_test = KIND_CLASSIC;

#define RUN_BOTH_KINDS(tests)                                                  \
	((can_classic()                                                        \
		 ? cmocka_run_group_tests_name("classic", (tests), NULL, NULL) \
		 : 0) +                                                        \
	    (can_ebpf()                                                        \
		    ? cmocka_run_group_tests_name("ebpf", (tests), NULL, NULL) \
		    : 0))

static inline int
is_wanted(const char *kind)
{
	const char *wanted = getenv("STEERING");

	return wanted == NULL || strcmp(wanted, kind) == 0;
}

static inline int
can_classic(void)
{
	kind_of_test = KIND_CLASSIC;
	return is_wanted("classic");
}

/* Prints why eBPF is not possible. */
static inline int
can_ebpf(void)
{
	char why[EBPF_WHY];

	kind_of_test = KIND_EBPF;
	if (!is_wanted("ebpf"))
		return 0;
	if (ebpf_try(why, sizeof(why)) == 0)
		return 1;
	printf("# eBPF cannot be had here: %s\n", why);
	return 0;
}

#endif
