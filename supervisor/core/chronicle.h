/* SPDX-License-Identifier: ISC */
/*
 * The chronicle of a rollout: the plan, who asked for what, the events, the
 * checks and their answers, and how many connections the kernel has counted.
 * All of it is for `hotswap report`: nothing is decided by it.  Each list has a
 * limit. Of long lists the middle, or every second check, is left out.
 */
#ifndef CORE_CHRONICLE_H
#define CORE_CHRONICLE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Who asks for something.  All zero: hotswap itself. */
struct asker {
	const char *how; /* `control socket`, `SIGUSR2`; NULL: hotswap itself */
	uid_t uid;	 /* -1: not known */
};

struct chronicle {
	json_t *lists; /* an object of lists by name; NULL: no rollout */
	int64_t began_ms;
	unsigned int events, checks, failed; /* in all */
};

/*
 * A rollout begins, or has begun then by clock_ms.  fini: it is over; until the
 * next one begins nothing is noted.
 */
void chronicle_begin(struct chronicle *, int64_t began_ms);
void chronicle_fini(struct chronicle *);

/* What the rollout is meant to do; *steals* the plan. */
void chronicle_plan(struct chronicle *, json_t *plan);

/* Somebody asks for something: `upgrade`, `promote`.  unask: it was refused. */
void chronicle_ask(struct chronicle *, const char *what, const struct asker *);
void chronicle_unask(struct chronicle *);

/* An event, borrowed: it must not be changed any more. */
void chronicle_event(struct chronicle *, json_t *event);

/* A check of --health, by its index, or the built-in check, has ended. */
void chronicle_check(struct chronicle *, unsigned int generation, size_t index,
    int64_t began_ms, bool passed, const char *why);

/* What the two generations have been given in their lives. */
void chronicle_count(
    struct chronicle *, unsigned int share, uint64_t from, uint64_t to);

/*
 * json: all of it, *new*; asked: who asked alone.  restore: what either has
 * returned, of a predecessor; recall: the events since a time, among those that
 * are kept, events_recent.
 */
json_t *chronicle_json(const struct chronicle *);
json_t *chronicle_asked(const struct chronicle *);
void chronicle_restore(struct chronicle *, const json_t *saved);
void chronicle_recall(
    struct chronicle *, const json_t *events, const char *since);

#endif
