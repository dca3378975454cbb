/* SPDX-License-Identifier: ISC */
/*
 * Holds the events of services that really ran against the model of a rollout:
 * a search of the model's states that goes on only where the model tells what
 * the next event says.  Usage: replay FILE...; each is what HOTSWAP_KEEP_EVENTS
 * keeps.  Exit status 1: the model does not allow one of them, and a message
 * says which event, and what would have been allowed.
 */
#include "trace.h"

#include <sys/resource.h>
#include <sys/wait.h>

#include <err.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LENGTH(array) (sizeof(array) / sizeof(*(array)))
/* Of the processor's time, for the longest search. */
#define SECONDS	      60
#define EVENTS_SECOND 100 /* and one more for so many events */
#define STEPS	      400 /* of the model between two events, at the most */
#define KILLS_MOST    3
#define RECOVERY      16 /* events of one, until the one that tells of it */
#define BEFORE	      16 /* events that are told before one that does not follow */
#define ALLOWED_MOST  32
#define PART	      200  /* events, before a search may end */
#define PART_MOST     400  /* after which it ends */
#define SKIPS	      (-1) /* until a search may begin */
#define FITS	      10   /* exit status of a search that has found it */

/* Spin's verifier, whose own main this is. */
int pan_main(int argc, char *argv[]);

/* By the numbers that the model gives them. */
static const char *const events[] = { "", "started", "ready", "shifted",
	"promoted", "rolled-back", "aborted", "paused", "resumed", "restoring",
	"restarted", "recovered", "crashed", "given-up", "drained", "retired",
	"stopping", "stopped", "reexecuting", "reexecuted", "reexec-failed" };
enum {
	STARTED = 1,
	READY,
	SHIFTED,
	PROMOTED,
	RECOVERED = 11,
	DRAINED = 14,
	RETIRED,
	STOPPING = 16,
	REEXECUTED = 19,
	REEXEC_FAILED
};
static const char *const states[] = { "idle", "resolving", "starting",
	"checking", "shifting", "baking", "stopping", "restoring" };
static const char *const shares[] = { "0 %", "a part", "the rest", "100 %" };

/* What an event says, and what the model would tell. */
struct told {
	int event, generation, active, share, state;
};

struct event {
	struct told told;
	json_int_t number; /* in the service's life */
	bool tells_of_end; /* of the supervisor before this one */
};

/* One life of a service, or a part of it. */
static const char *file;
static struct event *trace;
static int length;
static int server; /* serves alone where the part begins */

/* Kills before a supervisor lives for long enough to tell that it recovered. */
static int kills_most, kills_bound;

/* How far the search has come, and what the model would tell there. */
static int furthest;
static struct told allowed[ALLOWED_MOST];
static size_t nallowed;

/* READING */

static int
find(const char *word, const char *const words[], size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (word != NULL && strcmp(words[i], word) == 0)
			return (int)i;
	return -1;
}

static int
integer(const json_t *object, const char *key)
{
	return (int)json_integer_value(json_object_get(object, key));
}

static const char *
text(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

/* False: the model has no such event. */
static bool
read_event(const json_t *line, struct event *event)
{
	int share = integer(line, "share");
	struct told told = {
		.event = find(text(line, "event"), events, LENGTH(events)),
		.generation = integer(line, "generation"),
		.active = integer(line, "active"),
		.share = share == 100 ? 3 : share > 0,
		.state = find(text(line, "state"), states, LENGTH(states)),
	};

	if (told.event == -1)
		return false;
	/* A program says of itself that it stops. */
	if (told.event == STOPPING && told.generation != 0)
		return false;
	if (told.state == -1)
		errx(1, "%s: an event without a state", file);
	event->told = told;
	event->number = integer(line, "number");
	event->tells_of_end = told.event == RECOVERED ||
	    told.event == REEXECUTED || told.event == REEXEC_FAILED;
	return true;
}

static void
add_event(const struct event *event)
{
	trace = realloc(trace, (size_t)(length + 1) * sizeof(*trace));
	if (trace == NULL)
		err(1, NULL);
	trace[length++] = *event;
}

/* THE MODEL'S QUESTIONS */

static bool
is_same(const struct told *a, const struct told *b)
{
	return a->event == b->event && a->generation == b->generation &&
	    a->active == b->active && a->state == b->state &&
	    (a->generation == 0 || a->share == b->share ||
		(a->share + b->share == 3 && a->share % 3 != 0));
}

static void
note_allowed(const struct told *told)
{
	size_t i;

	for (i = 0; i < nallowed; i++)
		if (is_same(&allowed[i], told))
			return;
	if (nallowed < LENGTH(allowed))
		allowed[nallowed++] = *told;
}

int
trace_fits(
    int position, int event, int generation, int active, int share, int state)
{
	struct told told = { event, generation, active, share, state };

	if (position == furthest)
		note_allowed(&told);
	return is_same(&trace[position].told, &told);
}

void
trace_reached(int position)
{
	if (position <= furthest)
		return;
	furthest = position;
	nallowed = 0;
	if (position == length)
		_exit(FITS);
}

int
trace_active(void)
{
	return server;
}

int
trace_is_about(int position, int generation)
{
	return trace[position].told.generation == generation;
}

int
trace_may_be_killed(int position, int kills)
{
	int end = position + RECOVERY;

	if (kills >= kills_most)
		return 0;
	for (; position < length && position < end; position++)
		if (trace[position].tells_of_end)
			return 1;
	return 0;
}

static bool
tells_of_an_end(void)
{
	int i;

	for (i = 0; i < length; i++)
		if (trace[i].tells_of_end)
			return true;
	return false;
}

/* THE SEARCH */

static void
print_told(const struct told *told)
{
	fprintf(stderr, "%s", events[told->event]);
	if (told->generation != 0)
		fprintf(stderr, " of generation %d with %s", told->generation,
		    shares[told->share]);
	fprintf(
	    stderr, " while %s, active %d", states[told->state], told->active);
}

static void
print_before(int position)
{
	int i = position < BEFORE ? 0 : position - BEFORE;

	fprintf(stderr, "; before it:\n");
	for (; i < position; i++) {
		fprintf(stderr, "\t%lld: ", (long long)trace[i].number);
		print_told(&trace[i].told);
		fprintf(stderr, "\n");
	}
}

/* _exit() leaves the files of the process that searches on as they are. */
static void
report(void)
{
	size_t i;

	if (kills_most < kills_bound)
		_exit(1);
	fprintf(stderr, "%s: event %lld does not follow from the model: ", file,
	    (long long)trace[furthest].number);
	print_told(&trace[furthest].told);
	print_before(furthest);
	fprintf(stderr, "the model allows here:\n");
	for (i = 0; i < nallowed; i++) {
		fprintf(stderr, "\t");
		print_told(&allowed[i]);
		fprintf(stderr, "\n");
	}
	if (nallowed == 0)
		fprintf(stderr, "\tno event\n");
	_exit(1);
}

/* The search, in a process of its own. */
static _Noreturn void
search_here(int argc, char *argv[])
{
	const rlim_t seconds = SECONDS + (rlim_t)length / EVENTS_SECOND;
	const struct rlimit limit = { seconds, seconds };

	if (setrlimit(RLIMIT_CPU, &limit) == -1)
		err(1, "RLIMIT_CPU");
	if (freopen("/dev/null", "w", stdout) == NULL)
		err(1, "/dev/null");
	atexit(report);
	exit(pan_main(argc, argv));
}

static bool
search(void)
{
	char pan[] = "pan", may_wait[] = "-E", go_on[] = "-c0";
	char table[] = "-w18", depth[32];
	char *arguments[] = { pan, may_wait, go_on, table, depth, NULL };
	int status;
	pid_t pid;

	snprintf(depth, sizeof(depth), "-m%d", STEPS * (length + 1));
	fflush(NULL);
	if ((pid = fork()) == 0)
		search_here((int)LENGTH(arguments) - 1, arguments);
	if (pid == -1 || waitpid(pid, &status, 0) != pid)
		err(1, NULL);
	if (WIFSIGNALED(status))
		warnx("%s: the search ended by signal %d", file,
		    WTERMSIG(status));
	return WIFEXITED(status) && WEXITSTATUS(status) == FITS;
}

/*
 * Does the model allow this life?  Few kills are tried first, because there are
 * fewer states then.
 */
static bool
part_is_allowed(void)
{
	bool fits = length == 0;

	kills_bound = tells_of_an_end() ? KILLS_MOST : 0;
	for (kills_most = 0; !fits && kills_most <= kills_bound; kills_most++)
		fits = search();
	return fits;
}

/* What is known of the generations after each event. */
struct known {
	bool *lives; /* by number */
	int living;
	int newest;  /* the last one that was started */
	bool course; /* and nothing but its rollout has been told since */
};

static void
learn(struct known *known, const struct told *told)
{
	bool lives = told->event != RETIRED;

	if (told->event == STARTED)
		known->newest = told->generation;
	known->course = told->event == STARTED ||
	    (known->course &&
		(told->event == READY || told->event == SHIFTED ||
		    told->event == PROMOTED || told->event == DRAINED ||
		    told->event == RETIRED));
	if (told->generation == 0)
		return;
	known->living += lives - known->lives[told->generation];
	known->lives[told->generation] = lives;
}

/* Does the newest one serve, and nothing else is there or under way? */
static bool
is_calm(const struct known *known, const struct told *told)
{
	return known->course && told->event == RETIRED && told->state == 0 &&
	    told->active == known->newest && known->living == 1 &&
	    known->lives[known->newest];
}

/*
 * A long life is searched in parts, since what a search takes of memory grows
 * with the events.  A part ends where the next may begin; in a life with no
 * such moment, as between kills again and again, what follows a long part is
 * not searched until there is one.
 */
static bool
is_allowed(void)
{
	struct event *whole = trace;
	struct known known = { 0 };
	int n = length, most = 0, from = 0, part, i;
	bool fits = true, calm;

	for (i = 0; i < n; i++)
		if (whole[i].told.generation > most)
			most = whole[i].told.generation;
	known.lives = calloc((size_t)most + 1, sizeof(*known.lives));
	if (known.lives == NULL)
		err(1, NULL);
	for (server = 0, i = 0; i < n && fits; i++) {
		learn(&known, &whole[i].told);
		calm = is_calm(&known, &whole[i].told);
		part = i + 1 - from;
		if (from != SKIPS && i + 1 < n && part < PART_MOST &&
		    (part < PART || !calm))
			continue;
		if (from != SKIPS) {
			trace = whole + from;
			length = part;
			fits = part_is_allowed();
		}
		server = known.newest;
		from = calm ? i + 1 : SKIPS;
	}
	free(known.lives);
	trace = whole;
	return fits;
}

/*
 * Numbers begin again where keeper and supervisor were killed, and the service
 * goes on, or with another life of the service, in which nobody is active yet.
 */
static bool
begins(const json_t *object, json_int_t last)
{
	return integer(object, "number") <= last &&
	    integer(object, "active") == 0;
}

static bool
replay(FILE *lines)
{
	bool holds = true;
	struct event event;
	json_int_t last = 0;
	char *line = NULL;
	size_t room = 0;
	json_t *object;

	length = 0;
	while (getline(&line, &room, lines) != -1) {
		/* A supervisor that was killed may have left half a line. */
		if ((object = json_loads(line, 0, NULL)) == NULL)
			continue;
		if (begins(object, last)) {
			holds &= is_allowed();
			length = 0;
		}
		last = integer(object, "number");
		if (read_event(object, &event))
			add_event(&event);
		json_decref(object);
	}
	free(line);
	return is_allowed() && holds;
}

int
main(int argc, char *argv[])
{
	bool hold = true;
	FILE *lines;
	int i;

	for (i = 1; i < argc; i++) {
		file = argv[i];
		if ((lines = fopen(file, "re")) == NULL)
			err(1, "%s", file);
		hold &= replay(lines);
		fclose(lines);
	}
	return hold ? 0 : 1;
}
