/* SPDX-License-Identifier: ISC */
/*
 * The supervisor's loop.
 */
#ifndef BASE_LOOP_H
#define BASE_LOOP_H

#include <event2/event.h>

/*
 * A loop whose timers end when they are due, *new*; NULL: no memory.  With
 * libevent's own clock, which ticks every 4 ms, a wait ends too early by its
 * clock, and the loop waits again: two wake-ups for each timer.
 */
struct event_base *loop_new(void);

#endif
