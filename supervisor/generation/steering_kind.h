/* SPDX-License-Identifier: ISC */
/*
 * What shall choose in the SO_REUSEPORT groups of the service: --steering.
 */
#ifndef GENERATION_STEERING_KIND_H
#define GENERATION_STEERING_KIND_H

#include <stddef.h>

struct service;

/*
 * Choose, before the first listener is made, and warn where the choice can
 * crash the kernel.  -1 with why: it was asked for and cannot be had.
 */
int steering_kind_choose(struct service *, char *why, size_t size);

/* For people: why it is what it is.  Borrowed. */
const char *steering_kind_reason(const struct service *);

#endif
