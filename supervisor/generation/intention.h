/* SPDX-License-Identifier: ISC */
/*
 * What a program says that it is about to do.  Observers are told; nothing else
 * follows from it.
 */
#ifndef GENERATION_INTENTION_H
#define GENERATION_INTENTION_H

struct generation;
struct notify_message;

void intention_hear(struct generation *, const struct notify_message *);

#endif
