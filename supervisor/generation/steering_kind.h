/* SPDX-License-Identifier: ISC */
/*
 * --steering: which BPF program chooses in the SO_REUSEPORT groups of the
 * service.
 */
#ifndef GENERATION_STEERING_KIND_H
#define GENERATION_STEERING_KIND_H

#include <stddef.h>

struct service;

/*
 * Choose eBPF or classic before the first listener is made, and warn where the
 * choice can crash the kernel.  -1 with why: --steering asks for eBPF, which is
 * not possible.
 */
int steering_kind_choose(struct service *, char *why, size_t size);

/* For people: why the program is a classic one; "" with eBPF.  Borrowed. */
const char *steering_kind_reason(const struct service *);

#endif
