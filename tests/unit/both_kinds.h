/* SPDX-License-Identifier: ISC */
/*
 * Tests of steering run once for each kind of it that can be had here.  To be
 * included behind cmocka.h.
 */
#ifndef UNIT_BOTH_KINDS_H
#define UNIT_BOTH_KINDS_H

#include <stdio.h>

#include "traffic/ebpf.h"
#include "traffic/endpoint.h"

/* Listeners of a test get it, listener_set_kind. */
static enum steering_kind kind_of_test = KIND_CLASSIC;

#define RUN_BOTH_KINDS(tests)                                             \
	(kind_of_test = KIND_CLASSIC,                                     \
	    cmocka_run_group_tests_name("classic", (tests), NULL, NULL) + \
		(can_ebpf() ? cmocka_run_group_tests_name(                \
				  "ebpf", (tests), NULL, NULL)            \
			    : 0))

/* Says why where it cannot. */
static inline int
can_ebpf(void)
{
	char why[EBPF_WHY];

	kind_of_test = KIND_EBPF;
	if (ebpf_try(why) == 0)
		return 1;
	printf("# eBPF cannot be had here: %s\n", why);
	return 0;
}

#endif
