/* SPDX-License-Identifier: ISC */
/*
 * The account of a run: every request by kind, outcome, phase and the
 * generation that answered.  All times are nanoseconds of CLOCK_MONOTONIC.
 */
#ifndef LOAD_TALLY_H
#define LOAD_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "histogram.h"
#include "reply.h"

#define TALLY_PHASES   16
#define TALLY_FAILURES 20 /* that are told one by one */
#define TALLY_NAME     32
#define TALLY_DETAIL   64

enum kind { KIND_NEW, KIND_KEPT, KIND_SLOW, NKINDS };

enum outcome {
	OUTCOME_OK,
	OUTCOME_REFUSED,
	OUTCOME_RESET,
	OUTCOME_TIMED_OUT,
	OUTCOME_TRUNCATED, /* closed before the end of the answer */
	OUTCOME_WRONG,	   /* status, body, or no HTTP at all */
	OUTCOME_CLIENT,	   /* our own trouble: no port, no descriptor */
	NOUTCOMES
};

/* Why a kept connection was made anew; none of these is a failure. */
enum reconnect {
	RECONNECT_CLOSED,    /* closed while no request was under way */
	RECONNECT_RESET,     /* the same, by a reset */
	RECONNECT_ANNOUNCED, /* after an answer with Connection: close */
	RECONNECT_RETRIED,   /* the request crossed with the close */
	NRECONNECTS
};

extern const char *const kind_names[NKINDS];
extern const char *const outcome_names[NOUTCOMES];
extern const char *const reconnect_names[NRECONNECTS];

/* One request and what became of it. */
struct result {
	enum kind kind;
	enum outcome outcome;
	unsigned int phase;  /* in which it began */
	unsigned int source; /* which of the client's addresses */
	int64_t due;	     /* latency counts from here */
	int64_t connected;   /* start of its connection; 0: it was reused */
	int64_t ended;
	bool answered; /* the following are from a whole answer */
	unsigned int generation;
	const char *version;
	char detail[TALLY_DETAIL]; /* of a failure */
};

struct phase {
	char name[TALLY_NAME];
	unsigned int spans; /* how often it was entered */
	int64_t began;	    /* the present span; 0: not in it */
	int64_t spent;
	uint64_t outcomes[NOUTCOMES];
	struct histogram latency[NKINDS]; /* of ok answers */
};

struct generation {
	unsigned int number;
	char version[REPLY_VERSION];
	uint64_t answers, ok;
	uint64_t kinds[NKINDS];
	int64_t first, last; /* starts of connections that it answered */
	int64_t first_answer, last_answer;
};

struct mark {
	char name[TALLY_NAME];
	int64_t at;
};

struct source {
	uint64_t answers;
	unsigned int generation; /* the last */
	unsigned int moves;	 /* changes of it */
};

struct tally {
	int64_t began, ended;
	uint64_t outcomes[NKINDS][NOUTCOMES];
	uint64_t reconnects[NRECONNECTS];
	uint64_t late; /* requests sent over 1 ms after their time, by us */
	int64_t latest;
	int64_t last_ok;     /* but for slow ones, which come after the end */
	int64_t gap, gap_at; /* longest time without an ok answer, its start */
	unsigned int phase;  /* the present one */
	unsigned int nphases;
	struct phase *phases[TALLY_PHASES];
	struct generation *generations;
	size_t ngenerations;
	struct mark *marks;
	size_t nmarks;
	struct source *sources;
	unsigned int nsources;
	struct result failures[TALLY_FAILURES];
	size_t nfailures;
};

void tally_begin(
    struct tally *, int64_t now, const char *phase, unsigned int nsources);
void tally_add(struct tally *, const struct result *);

/* A request was sent so late by our own fault. */
void tally_late(struct tally *, int64_t ns);

/* Enter a phase.  Past TALLY_PHASES names, stay where it is: -1. */
int tally_phase(struct tally *, int64_t now, const char *name);
void tally_mark(struct tally *, int64_t now, const char *name);

/* What has been going on until now is counted in; may be repeated. */
void tally_close(struct tally *, int64_t now);
void tally_free(struct tally *);

uint64_t tally_count(const struct tally *, enum outcome);
uint64_t tally_failures(const struct tally *);

#endif
