/* SPDX-License-Identifier: ISC */
/*
 * How the program of a generation is parked, woken and stopped: as the upgrade
 * said that started it, since a later one may be for another program.
 */
#ifndef CORE_PROGRAM_SIGNALS_H
#define CORE_PROGRAM_SIGNALS_H

#include "process/image.h"

struct generation;

/* The options in force if the build that made the image has not kept them. */
struct image_signals program_signals(const struct generation *);

#endif
