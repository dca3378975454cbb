/* SPDX-License-Identifier: ISC */
/*
 * The results of a run.
 */
#include "tally.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LATE_NS 1000000

const char *const kind_names[] = { "new", "kept", "slow" };
const char *const outcome_names[] = { "ok", "refused", "reset", "timed_out",
	"truncated", "wrong", "client" };
const char *const reconnect_names[] = { "closed", "reset", "announced",
	"retried" };

/* Add a member of zeros to an array. */
static void *
grow(void *array, size_t *n, size_t size)
{
	char *more = reallocarray(array, *n + 1, size);

	if (more == NULL)
		err(1, "no memory");
	memset(more + *n * size, 0, size);
	(*n)++;
	return more;
}

void
tally_begin(
    struct tally *t, int64_t now, const char *phase, unsigned int nsources)
{
	memset(t, 0, sizeof(*t));
	t->began = t->last_ok = now;
	t->nsources = nsources;
	t->sources = calloc(nsources + 1, sizeof(*t->sources));
	if (t->sources == NULL)
		err(1, "no memory");
	tally_phase(t, now, phase);
}

static struct generation *
find_generation(struct tally *t, unsigned int number, const char *version)
{
	struct generation *g;
	size_t i;

	/* From the end, as the newest generation answers most. */
	for (i = t->ngenerations; i > 0; i--) {
		g = &t->generations[i - 1];
		if (g->number == number && strcmp(g->version, version) == 0)
			return g;
	}
	t->generations = grow(t->generations, &t->ngenerations, sizeof(*g));
	g = &t->generations[t->ngenerations - 1];
	g->number = number;
	snprintf(g->version, sizeof(g->version), "%s", version);
	return g;
}

static void
add_answer(struct tally *t, const struct result *r)
{
	struct generation *g = find_generation(t, r->generation, r->version);
	struct source *s = &t->sources[r->source];

	g->answers++;
	g->kinds[r->kind]++;
	if (r->outcome == OUTCOME_OK)
		g->ok++;
	if (g->first_answer == 0)
		g->first_answer = r->ended;
	g->last_answer = r->ended;
	if (r->connected != 0) {
		if (g->first == 0 || r->connected < g->first)
			g->first = r->connected;
		if (r->connected > g->last)
			g->last = r->connected;
	}
	if (s->answers++ > 0 && s->generation != r->generation)
		s->moves++;
	s->generation = r->generation;
}

static void
end_gap(struct tally *t, int64_t now)
{
	if (now - t->last_ok <= t->gap)
		return;
	t->gap = now - t->last_ok;
	t->gap_at = t->last_ok;
}

void
tally_add(struct tally *t, const struct result *r)
{
	struct phase *p = t->phases[r->phase];

	t->outcomes[r->kind][r->outcome]++;
	p->outcomes[r->outcome]++;
	if (r->answered)
		add_answer(t, r);
	if (r->outcome == OUTCOME_OK) {
		histogram_add(&p->latency[r->kind], r->ended - r->due);
		if (r->kind == KIND_SLOW)
			return;
		end_gap(t, r->ended);
		t->last_ok = r->ended;
	} else if (t->nfailures < TALLY_FAILURES) {
		t->failures[t->nfailures++] = *r;
	}
}

void
tally_late(struct tally *t, int64_t ns)
{
	if (ns < LATE_NS)
		return;
	t->late++;
	if (ns > t->latest)
		t->latest = ns;
}

static void
leave_phase(struct tally *t, int64_t now)
{
	struct phase *p = t->phases[t->phase];

	p->spent += now - p->began;
	p->began = 0;
}

int
tally_phase(struct tally *t, int64_t now, const char *name)
{
	struct phase *p;
	unsigned int i;

	for (i = 0; i < t->nphases; i++)
		if (strcmp(t->phases[i]->name, name) == 0)
			break;
	if (i == TALLY_PHASES)
		return -1;
	if (i == t->nphases) {
		if ((p = calloc(1, sizeof(*p))) == NULL)
			err(1, "no memory");
		snprintf(p->name, sizeof(p->name), "%s", name);
		t->phases[t->nphases++] = p;
	}
	if (t->phases[t->phase]->began != 0)
		leave_phase(t, now);
	t->phase = i;
	t->phases[i]->spans++;
	t->phases[i]->began = now;
	return 0;
}

void
tally_mark(struct tally *t, int64_t now, const char *name)
{
	struct mark *m;

	t->marks = grow(t->marks, &t->nmarks, sizeof(*m));
	m = &t->marks[t->nmarks - 1];
	m->at = now;
	snprintf(m->name, sizeof(m->name), "%s", name);
}

void
tally_close(struct tally *t, int64_t now)
{
	t->ended = now;
	end_gap(t, now);
	leave_phase(t, now);
	t->phases[t->phase]->began = now;
}

void
tally_free(struct tally *t)
{
	unsigned int i;

	for (i = 0; i < t->nphases; i++)
		free(t->phases[i]);
	free(t->generations);
	free(t->marks);
	free(t->sources);
}

uint64_t
tally_count(const struct tally *t, enum outcome outcome)
{
	uint64_t n = 0;
	size_t i;

	for (i = 0; i < NKINDS; i++)
		n += t->outcomes[i][outcome];
	return n;
}

uint64_t
tally_failures(const struct tally *t)
{
	enum outcome outcome;
	uint64_t n = 0;

	for (outcome = OUTCOME_OK + 1; outcome < NOUTCOMES; outcome++)
		n += tally_count(t, outcome);
	return n;
}
