/* SPDX-License-Identifier: ISC */
/*
 * A generation: one image started once, with its number, role, share,
 * sockets and health.  Starts it, and starts it again when it ends by itself
 * and the policy says so; what follows from its end is told to release.c.
 */
#ifndef SERVICE_GENERATION_H
#define SERVICE_GENERATION_H

#include <event2/event.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/clock.h"
#include "base/credentials.h"
#include "base/pace.h"
#include "process/image.h"
#include "process/program.h"

struct service;
struct fdstore;
struct health;
struct latecomers;
struct retirement;
struct wrap;

enum role {
	ROLE_CANDIDATE, /* being started and checked */
	ROLE_ACTIVE,
	ROLE_PARKED,   /* alive with share 0, ready to take over again */
	ROLE_DRAINING, /* being stopped */
	ROLE_RETIRED,  /* stopped; its image is kept */
	ROLE_FAILED,   /* was a candidate, and was taken back */
};

enum health_last { HEALTH_NONE, HEALTH_PASS, HEALTH_FAIL };

struct health_record {
	enum health_last last;
	bool sick;	     /* enough failures in a row, no passes since */
	unsigned int passes; /* in all */
	unsigned int failures;
	char reason[256]; /* of the last one */
};

struct generation {
	TAILQ_ENTRY(generation) entry;
	struct service *service;
	unsigned int number;
	enum role role;
	unsigned int share; /* percent of new connections */
	struct image *image;
	struct program *program; /* NULL once it has ended for good */
	struct wrap *wrap;	 /* likewise */
	struct latecomers *latecomers;
	struct fdstore *store; /* what its program keeps with us */
	char started[CLOCK_STAMP];
	bool reloading;	    /* so it said, sd_notify(3) */
	bool crowded;	    /* had connections when they were counted last */
	struct pace saying; /* of its intentions, which are events */
	struct pace warned; /* of what it asks of its store */
	bool proven;	    /* was promoted once: good to go back to */
	struct health *health;
	struct health_record checks;
	struct retirement *retirement; /* while parked or draining */
	unsigned int restarts;
	unsigned int recent; /* restarts in the window of --restart-limit */
	int64_t window_ms;   /* when that window began */
	struct event *backoff;
	bool given_up; /* it ended, and the candidate was to serve instead */
};

TAILQ_HEAD(generation_list, generation);

/*
 * Make the next generation of the service.  *Steals* the image in every
 * case.  NULL with why.
 */
struct generation *generation_new(
    struct service *, struct image *, char *why, size_t size);
void generation_free(struct generation *);

/*
 * What a successor must know, *new*.  The generation made again of that: NULL
 * with errno.  Then what runs of it, the sockets being the listeners': -1
 * with errno.  Then, once all else is restored, it goes on as its role says.
 */
json_t *generation_save(const struct generation *);
struct generation *generation_restore(struct service *, const json_t *);
int generation_take_over(struct generation *, const json_t *);
void generation_resume(struct generation *, const json_t *);

/*
 * One without a program; *steals* the image in every case.  Then a program
 * for it, with a predecessor's notification socket, *stolen*, or -1.  NULL,
 * -1 with errno.
 */
struct generation *generation_make(
    struct service *, struct image *, unsigned int number);
int generation_equip(
    struct generation *, int notify_fd, char *why, size_t size);

/* Start its program, with sockets in every listener.  -1 with why. */
int generation_start(struct generation *, char *why, size_t size);

/*
 * One that has ended for good starts as active once more, with the sockets
 * that go by its number, or new ones.  -1 with why.
 */
int generation_revive(struct generation *, char *why, size_t size);

/* Start it again if it was given up for a candidate, which is no more. */
void generation_try_again(struct generation *);

/* NULL if there is none. */
struct generation *generation_find(struct service *, unsigned int number);

/* It has ended for good: let go of its program and sockets. */
void generation_close(struct generation *);

/*
 * Forget retired and failed ones past --retain, and remove the copies of
 * images that nobody needs.  Waits for the next time while a rollout's image
 * is being prepared.
 */
void generation_prune(struct service *);

const char *role_name(enum role);

/* The user that an image runs as; ours where it names none. */
void generation_owner(const struct image *, uid_t *, gid_t *);

/* That user's rights, to be released with credentials_fini.  -1 with errno. */
int generation_credentials(const struct image *, struct credentials *);

#endif
