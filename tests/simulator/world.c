/* SPDX-License-Identifier: ISC */
/*
 * Clock, dice and agenda of the world.
 */
#include "world.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "laws.h"

#define STEP_US	  7
#define STEPS_MAX 1000000 /* in a run */

struct world *W;

void
world_map(void)
{
	if (W != NULL)
		return;
	W = mmap(NULL, sizeof(*W), PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	file_bytes =
	    mmap(NULL, FILES * sizeof(*file_bytes), PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (W == MAP_FAILED || file_bytes == MAP_FAILED)
		abort();
}

void
world_begin(uint64_t seed)
{
	memset(W, 0, offsetof(struct world, trace));
	W->seed = seed;
	W->dice = seed * 0x9e3779b97f4a7c15ull + 1;
	W->now_us = 1000000000;
	kernel_begin();
	programs_begin();
	people_begin();
}

/* SplitMix64 */
static uint64_t
roll(void)
{
	uint64_t z = W->dice += 0x9e3779b97f4a7c15ull;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
	return z ^ (z >> 31);
}

unsigned int
draw(unsigned int n)
{
	return (unsigned int)((roll() >> 32) * n >> 32);
}

bool
chance(unsigned int percent)
{
	return draw(100) < percent;
}

/* AGENDA */

void
agenda_add(int64_t in_us, deed *what, int a, int b)
{
	struct due *due;
	int i;

	for (i = 0; i < W->agenda_used; i++)
		if (W->agenda[i].deed == NULL)
			break;
	if (i == AGENDA)
		broken("simulator", "the agenda is full");
	if (i == W->agenda_used)
		W->agenda_used++;
	due = &W->agenda[i];
	*due = (struct due){ W->now_us + (in_us > 0 ? in_us : 0), what, a, b };
}

void
agenda_forget(deed *what, int a)
{
	int i;

	for (i = 0; i < W->agenda_used; i++)
		if (W->agenda[i].deed == what && W->agenda[i].a == a)
			W->agenda[i].deed = NULL;
}

int64_t
agenda_next(void)
{
	int64_t next = INT64_MAX;
	int i;

	for (i = 0; i < W->agenda_used; i++)
		if (W->agenda[i].deed != NULL && W->agenda[i].us < next)
			next = W->agenda[i].us;
	return next;
}

bool
agenda_do_one(void)
{
	struct due due, *chosen = NULL;
	unsigned int n = 0;
	int i;

	for (i = 0; i < W->agenda_used; i++)
		if (W->agenda[i].deed != NULL && W->agenda[i].us <= W->now_us &&
		    draw(++n) == 0)
			chosen = &W->agenda[i];
	if (chosen == NULL)
		return false;
	due = *chosen;
	chosen->deed = NULL;
	while (W->agenda_used > 0 && W->agenda[W->agenda_used - 1].deed == NULL)
		W->agenda_used--;
	due.deed(due.a, due.b);
	return true;
}

/* THE SUPERVISOR'S STEPS */

void
die(const char *how)
{
	trace("the supervisor is killed: %s", how);
	laws_died();
	W->alive = false;
	W->killed = true;
	W->kills++;
	longjmp(W->death, 1);
}

static bool
is_killed_now(void)
{
	unsigned int i;

	for (i = 0; i < W->faults.nkills; i++)
		if (W->faults.kill_at[i] == W->steps)
			return true;
	return false;
}

void
step(const char *call)
{
	if (!W->alive || W->elsewhere)
		return;
	W->steps++;
	W->now_us += STEP_US;
	if (W->steps > STEPS_MAX)
		broken("rest", "the supervisor makes call after call");
	if (is_killed_now())
		die(call);
	if (agenda_next() > W->now_us || !chance(30))
		return;
	W->elsewhere = true;
	agenda_do_one();
	W->elsewhere = false;
}

/* TELLING */

void
trace(const char *fmt, ...)
{
	va_list args;

	if (!W->trace)
		return;
	printf("%10.3f %6lld  ", (double)(W->now_us - 1000000000) / 1000.0,
	    (long long)W->steps);
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	putchar('\n');
}

void
broken(const char *invariant, const char *fmt, ...)
{
	va_list args;

	W->fault = invariant;
	va_start(args, fmt);
	vsnprintf(W->fault_text, sizeof(W->fault_text), fmt, args);
	va_end(args);
	W->alive = false;
	W->elsewhere = false;
	longjmp(W->failure, 1);
}

/* assert(3) of the supervisor. */
void
__assert_fail(const char *assertion, const char *file, unsigned int line,
    const char *function)
{
	broken("assert", "%s:%u: %s", file, line, assertion);
}
