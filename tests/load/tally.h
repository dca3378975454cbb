/* SPDX-License-Identifier: ISC */
/*
 * The results of a run: every request by kind, outcome, phase and the
 * generation that answered.  All times are nanoseconds of CLOCK_MONOTONIC.
 */
#ifndef LOAD_TALLY_H
#define LOAD_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "histogram.h"
#include "reply.h"

#define TALLY_PHASES   256
#define TALLY_FAILURES 20 /* that are reported one by one */
#define TALLY_NAME     32
#define TALLY_DETAIL   64

enum kind { KIND_NEW, KIND_KEPT, KIND_SLOW, NKINDS };

enum outcome {
	OUTCOME_OK,
	OUTCOME_REFUSED,
	OUTCOME_RESET,
	OUTCOME_TIMED_OUT,
	OUTCOME_TRUNCATED, /* closed before the answer was complete */
	OUTCOME_WRONG,	   /* wrong status or body, or no HTTP */
	OUTCOME_CLIENT,	   /* our own: no port, no descriptor */
	NOUTCOMES
};

/* Why a kept connection was made again; none of these is a failure. */
enum reconnect {
	RECONNECT_CLOSED,    /* closed while no request was under way */
	RECONNECT_RESET,     /* as above, by a reset */
	RECONNECT_ANNOUNCED, /* after an answer with Connection: close */
	RECONNECT_RETRIED,   /* closed just as the request was sent */
	NRECONNECTS
};

extern const char *const kind_names[NKINDS];
extern const char *const outcome_names[NOUTCOMES];
extern const char *const reconnect_names[NRECONNECTS];

/* One request and its outcome. */
struct result {
	enum kind kind;
	enum outcome outcome;
	unsigned int phase;  /* when it began */
	unsigned int source; /* which of the client's addresses */
	int64_t due;	     /* latency counts from this time */
	int64_t connected;   /* start of its connection; 0: reused */
	int64_t ended;
	bool answered; /* the following is from a complete answer */
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
	int64_t first, last; /* starts of connections with its answers */
	int64_t first_answer, last_answer;
};

struct mark {
	char name[TALLY_NAME];
	int64_t at;
};

struct source {
	uint64_t answers;
	unsigned int generation; /* the latest */
	unsigned int moves;	 /* how often it changed */
};

struct tally {
	int64_t began, ended;
	uint64_t outcomes[NKINDS][NOUTCOMES];
	uint64_t reconnects[NRECONNECTS];
	uint64_t late; /* requests that we sent over 1 ms too late */
	int64_t latest;
	int64_t last_ok;     /* without slow ones, which end later */
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

/* A request was sent this much too late by our own fault. */
void tally_late(struct tally *, int64_t ns);

/* Enter a phase.  After TALLY_PHASES names the phase stays: -1. */
int tally_phase(struct tally *, int64_t now, const char *name);
void tally_mark(struct tally *, int64_t now, const char *name);

/* Count what lasts until now; may be called again. */
void tally_close(struct tally *, int64_t now);
void tally_free(struct tally *);

uint64_t tally_count(const struct tally *, enum outcome);
uint64_t tally_failures(const struct tally *);

#endif
