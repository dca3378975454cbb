/* SPDX-License-Identifier: ISC */
/*
 * Prints the two tables of a rollout as Promela, for tests/model/rollout.pml:
 * core/rollout.c's by asking it for every state and event, and that of
 * rollout/resumption.c, whose source is included because the table is its
 * own, by asking each row what it fits.  So the model cannot differ from them.
 */
#include "rollout/resumption.c"

#include <err.h>
#include <stdio.h>

#define LEFT_MOST 2 /* steps that are left, as the model counts them */
#define UNTOUCHED 77
#define STEP	  33

#define NAME(word) [word] = #word

static const char *const states[] = { NAME(ROLLOUT_IDLE),
	NAME(ROLLOUT_RESOLVING), NAME(ROLLOUT_STARTING), NAME(ROLLOUT_CHECKING),
	NAME(ROLLOUT_SHIFTING), NAME(ROLLOUT_BAKING), NAME(ROLLOUT_STOPPING),
	NAME(ROLLOUT_RESTORING), NAME(ROLLOUT_STATES) };
static const char *const events[] = { NAME(EVENT_BEGIN), NAME(EVENT_BEGIN_WARM),
	NAME(EVENT_RESOLVED), NAME(EVENT_RESOLVED_EXCLUSIVE),
	NAME(EVENT_VACATED), NAME(EVENT_FAILED), NAME(EVENT_READY),
	NAME(EVENT_EXITED), NAME(EVENT_HEALTHY), NAME(EVENT_SICK),
	NAME(EVENT_EXPIRED), NAME(EVENT_HELD), NAME(EVENT_BAKED),
	NAME(EVENT_PROMOTE), NAME(EVENT_ABORT), NAME(EVENT_SPLIT),
	NAME(ROLLOUT_EVENTS) };
static const char *const actions[] = { NAME(ACTION_REFUSE),
	NAME(ACTION_RESOLVE), NAME(ACTION_START), NAME(ACTION_CHECK),
	NAME(ACTION_SHIFT), NAME(ACTION_HOLD), NAME(ACTION_PROMOTE),
	NAME(ACTION_TAKE_BACK), NAME(ACTION_GIVE_UP), NAME(ACTION_VACATE),
	NAME(ACTION_RESTORE), NAME(ACTION_REVIVE), NAME(ACTION_RESTORED),
	NAME(ACTION_LOST) };
static const char *const kinds[] = { NAME(RELEASE_FIRST), NAME(RELEASE_UPGRADE),
	NAME(RELEASE_RESTART), NAME(RELEASE_ROLLBACK) };
static const char *const roles[] = { NAME(ROLE_CANDIDATE), NAME(ROLE_ACTIVE),
	NAME(ROLE_PARKED), NAME(ROLE_DRAINING), NAME(ROLE_RETIRED),
	NAME(ROLE_FAILED) };

_Static_assert(sizeof(events) / sizeof(*events) == ROLLOUT_EVENTS + 1,
    "the model knows all events");
_Static_assert(sizeof(states) / sizeof(*states) == ROLLOUT_STATES + 1,
    "the model knows all states");
_Static_assert(sizeof(actions) / sizeof(*actions) == ACTION_LOST + 1,
    "the model knows all actions");

static const struct {
	void (*function)(struct service *);
	const char *name;
} resumes[] = {
	{ go_on_starting, "GO_ON_STARTING" },
	{ go_on_checking, "GO_ON_CHECKING" },
	{ go_on_shifting, "GO_ON_SHIFTING" },
	{ go_on_restoring, "GO_ON_RESTORING" },
	{ go_on_baking, "GO_ON_BAKING" },
	{ serve_as_written, "SERVE_AS_WRITTEN" },
	{ exclusive_look, "LOOK" },
	{ tell_that_it_serves, "TELL_THAT_IT_SERVES" },
	{ tell_that_it_failed, "TELL_THAT_IT_FAILED" },
	{ start_first_again, "START_FIRST_AGAIN" },
	{ resolve_again, "RESOLVE_AGAIN" },
	{ come_back, "COME_BACK" },
	{ take_back, "TAKE_BACK_AGAIN" },
	{ come_back_if_awaited, "COME_BACK_IF_AWAITED" },
};

#define LENGTH(array) (sizeof(array) / sizeof(*(array)))
#define DEFINE(names)                                            \
	do {                                                     \
		size_t k;                                        \
		for (k = 0; k < LENGTH(names); k++)              \
			printf("#define %s %zu\n", names[k], k); \
	} while (0)

/* THE TABLE OF THE COURSE */

/* What comes of an event; step and met are told by their differences. */
struct answer {
	enum rollout_action action;
	enum rollout_state state;
	unsigned int share;
	size_t left;
	bool alone, met, met_before; /* met_before: met, if it was so before */
};

static struct answer
ask(enum rollout_state state, enum rollout_event event, bool alone, size_t left)
{
	static const unsigned int steps[LEFT_MOST] = { STEP, STEP };
	struct rollout rollout = { state, steps, LEFT_MOST, LEFT_MOST - left,
		UNTOUCHED, false, alone };
	struct rollout met;
	struct answer answer;

	if (state == ROLLOUT_IDLE) /* a new rollout takes its steps from 0 on */
		rollout.nsteps = left;
	met = rollout;
	met.met_users = true;
	answer.action = rollout_take(&rollout, event);
	rollout_take(&met, event);
	answer.state = rollout.state;
	answer.share = rollout.share;
	answer.left = rollout.nsteps - rollout.step;
	answer.alone = rollout.alone;
	answer.met = rollout.met_users;
	answer.met_before = met.met_users;
	return answer;
}

static void
print_answer(const struct answer *answer)
{
	printf("action = %s; state = %s; alone = %d; left = %zu",
	    actions[answer->action], states[answer->state], answer->alone,
	    answer->left);
	if (answer->share != UNTOUCHED)
		printf("; share = %s",
		    answer->share == STEP      ? "SHARE_STEP"
			: answer->share == 100 ? "SHARE_ALL"
					       : "SHARE_ZERO");
	if (answer->met == answer->met_before)
		printf("; met = %d", answer->met);
	printf("\n");
}

static void
print_course(void)
{
	unsigned int state, event, alone;
	struct answer answer;
	size_t left;

	printf("inline table_take()\n{\n\tif\n");
	for (state = 0; state < ROLLOUT_STATES; state++)
		for (event = 0; event < ROLLOUT_EVENTS; event++)
			for (alone = 0; alone < 2; alone++)
				for (left = 0; left <= LEFT_MOST; left++) {
					answer = ask(state, event, alone, left);
					if (answer.action == ACTION_REFUSE)
						continue;
					printf(
					    "\t:: state == %s && event == %s "
					    "&& alone == %u && left == %zu "
					    "-> ",
					    states[state], events[event], alone,
					    left);
					print_answer(&answer);
				}
	printf("\t:: else -> action = ACTION_REFUSE\n\tfi\n}\n");
}

/* THE TABLE OF THE SUCCESSOR */

static const char *
find_resume(void (*function)(struct service *))
{
	size_t i;

	for (i = 0; i < LENGTH(resumes); i++)
		if (resumes[i].function == function)
			return resumes[i].name;
	errx(1, "a row of resumption.c that the model does not know");
}

/* What a row may ask for, and how many values each of it has. */
enum { KIND, HANDED, WRITTEN, WHO, WHOLE, OLD, ASKED };
static const unsigned int values[ASKED] = {
	[KIND] = RELEASE_ROLLBACK + 1,
	[HANDED] = 2,
	[WRITTEN] = 2,
	[WHO] = 1 + ROLE_FAILED + 1, /* no candidate, or its role */
	[WHOLE] = 2,
	[OLD] = 1 + ROLE_FAILED + 1,
};

static bool
fits(const struct resumption *row, const unsigned int found[ASKED])
{
	struct generation candidate = { .share = found[WHOLE] ? 100 : 50 };
	struct generation old = { 0 };
	struct release release = { .kind = found[KIND],
		.handed = found[HANDED],
		.serves = found[WRITTEN] };

	if (found[WHO] > 0) {
		candidate.role = found[WHO] - 1;
		release.candidate = &candidate;
	}
	if (found[OLD] > 0) {
		old.role = found[OLD] - 1;
		release.old = &old;
	}
	return row->fits(&release);
}

/* All that may be found, one after the other; false after the last. */
static bool
find_next(unsigned int found[ASKED])
{
	size_t i;

	for (i = 0; i < ASKED; i++) {
		if (++found[i] < values[i])
			return true;
		found[i] = 0;
	}
	return false;
}

/* Is the row's question one for each thing, and are they joined by `and'? */
static void
examine(const struct resumption *row, bool may[ASKED][8])
{
	unsigned int found[ASKED] = { 0 }, i;
	bool all;

	do {
		for (i = 0; i < ASKED; i++)
			may[i][found[i]] |= fits(row, found);
	} while (find_next(found));
	do {
		for (all = true, i = 0; i < ASKED; i++)
			all &= may[i][found[i]];
		if (all != fits(row, found))
			errx(1, "a row of resumption.c is not of one kind");
	} while (find_next(found));
}

static void
print_value(unsigned int what, unsigned int value)
{
	if (what == KIND)
		printf("kind == %s", kinds[value]);
	else if (what == HANDED)
		printf("handed == %u", value);
	else if (what == WRITTEN)
		printf("WRITTEN == %u", value);
	else if (what == WHOLE)
		printf("HAS_ALL == %u", value);
	else if (value == 0)
		printf("%s == NOBODY", what == WHO ? "candidate" : "old");
	else
		printf("role[%s] == %s", what == WHO ? "candidate" : "old",
		    roles[value - 1]);
}

static void
print_fits(const struct resumption *row)
{
	bool may[ASKED][8] = { { 0 } };
	unsigned int i, k, n;

	examine(row, may);
	for (i = 0; i < ASKED; i++) {
		for (n = 0, k = 0; k < values[i]; k++)
			n += may[i][k];
		if (n == values[i])
			continue;
		printf(" && (false");
		for (k = 0; k < values[i]; k++) {
			if (!may[i][k])
				continue;
			printf(" || ");
			print_value(i, k);
		}
		printf(")");
	}
}

static void
print_resumptions(void)
{
	const struct resumption *row;
	size_t i;

	for (i = 0; i < LENGTH(resumptions); i++) {
		row = &resumptions[i];
		printf("#define FITS_%zu (", i);
		if (row->found == ANY)
			printf("true");
		else
			printf("state == %s", states[row->found]);
		print_fits(row);
		printf(")\n");
	}
	printf("inline table_resume()\n{\n");
	for (i = 0; i < LENGTH(resumptions); i++) {
		row = &resumptions[i];
		printf("\tif\n\t:: FITS_%zu -> resume = %s", i,
		    find_resume(row->go_on));
		if (row->next != SAME)
			printf("; state = %s", states[row->next]);
		printf("\n\t:: else ->\n");
	}
	printf("\tresume = NOTHING\n");
	for (i = 0; i < LENGTH(resumptions); i++)
		printf("\tfi%s\n", i + 1 < LENGTH(resumptions) ? ";" : "");
	printf("}\n");
}

static void
print_names(void)
{
	size_t i;

	printf("#ifdef TRACE\nc_decl {\n"
	       "static const char *const trace_states[] = {\n");
	for (i = 0; i < ROLLOUT_STATES; i++)
		printf("\"%s\",\n", rollout_state_name(i));
	printf("};\n}\n#endif\n#define NOTHING 0\n");
	for (i = 0; i < LENGTH(resumes); i++)
		printf("#define %s %zu\n", resumes[i].name, i + 1);
}

int
main(void)
{
	DEFINE(states);
	DEFINE(events);
	DEFINE(actions);
	DEFINE(kinds);
	DEFINE(roles);
	print_names();
	print_course();
	print_resumptions();
	return 0;
}
