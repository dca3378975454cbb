/* SPDX-License-Identifier: ISC */
/*
 * The simulator: a service's life for each seed, with the code of the
 * supervisor above a floor that is simulated.
 *
 *   simulator [SEED [ROLLOUTS [SECONDS [HOURS]]]]
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/memory.h"
#include "config/options.h"
#include "keep/checkpoint.h"
#include "laws.h"
#include "service/account.h"
#include "service/run.h"
#include "world.h"

/* THE WORLD OF A SEED */

static void
draw_faults(void)
{
	struct faults *f = &W->faults;
	unsigned int i;

	f->none = chance(30);
	if (f->none)
		return;
	f->nkills = draw(4);
	for (i = 0; i < f->nkills; i++)
		f->kill_at[i] =
		    1 + draw(150 * (unsigned int)W->people.ncommands);
	f->torn = chance(50);
	f->late_exits = chance(30);
	f->lost_exits = chance(10);
	f->program_kills = chance(30);
	if (f->nkills == 0 && chance(15))
		f->no_memory = 1 + draw(4000);
	if (chance(15)) {
		f->full_from = 1 + draw(400);
		f->full_writes = 1 + draw(100);
	}
	if (chance(15))
		f->jump_us = draw(100) * (int64_t)1000000;
}

static json_t *
draw_options(void)
{
	static const char *const times[] = { "0", "50ms", "300ms", "2s" };
	json_t *listen = json_array();
	int i;

	W->people_ports = PORTS;
	for (i = 0; i < W->people_ports; i++)
		json_array_append_new(
		    listen, json_sprintf("127.0.0.1:%d", PORT_FIRST + i));
	return json_pack("{ss so ss ss ss ss ss ss ss ss ss ss ss ss}", "name",
	    "web", "listen", listen, "shim", "off", "ready",
	    chance(80) ? "notify" : "auto", "steering",
	    W->ebpf ? "auto" : "classic", "start-timeout", "2s",
	    "health-interval", "100ms", "health-timeout", "300ms", "step-time",
	    "200ms", "bake", times[draw(4)], "keep", times[draw(4)],
	    "drain-timeout", "5s", "stop-timeout", "1s", "strategy",
	    W->exclusive ? "exclusive" : "overlap");
}

static void
write_programs(void)
{
	char path[16];
	int i, fd;

	for (i = 0; i < VERSIONS; i++) {
		snprintf(path, sizeof(path), "/v%d", i);
		fd = open(path, O_CREAT, 0755);
		close(fd);
	}
}

/* As `hotswap run` does it: the keeper gets the first checkpoint. */
static void
launch(void)
{
	struct options *options = options_new();
	json_t *given = draw_options(), *first;
	char file[] = "/v0", *program[] = { file, NULL };
	struct checkpoint checkpoint;
	const char *key;
	char why[256];
	size_t i;

	if (options_set_json(options, given, false, &key, why, sizeof(why)) ==
	    -1)
		broken("simulator", "%s: %s", key, why);
	first = account_first(options, program, "/hotswap");
	if (checkpoint_init(&checkpoint) == -1 ||
	    checkpoint_save(&checkpoint, first) == -1)
		broken("simulator", "no checkpoint");
	for (i = 0; i < CHECKPOINT_FILES; i++)
		holder_put(checkpoint_names[i], checkpoint.fds[i]);
	fds_close_all();
}

/* LIVES OF SUPERVISORS */

static void
after_death(void)
{
	W->alive = W->elsewhere = false;
	W->service = NULL;
	fds_close_all();
	programs_orphan();
	people_hang_up();
}

/* False if the service is over. */
static bool
live(void)
{
	int status;

	heap_reset();
	memory_init();
	W->programs.supervisor_pid = ++W->programs.last_pid;
	trace("supervisor %d begins", W->programs.supervisor_pid);
	if (setjmp(W->death) == 0) {
		W->alive = true;
		status = run_service(NULL);
		W->alive = false;
		trace("the supervisor ends with status %d", status);
		if (W->kernel.stopping)
			laws_end(status);
	}
	after_death();
	/* Else the keeper starts another one. */
	return !W->kernel.stopping;
}

static void
rest(int64_t us)
{
	int64_t until = W->now_us + us, next;

	while ((next = agenda_next()) <= until) {
		if (next > W->now_us)
			W->now_us = next;
		agenda_do_one();
	}
	if (W->now_us < until)
		W->now_us = until;
}

/* On the stack of whoever has crashed, which longjmp leaves. */
static void
crashed(int number)
{
	broken("crash", "signal %d", number);
}

static bool
run(uint64_t seed)
{
	world_begin(seed);
	heap_reset();
	if (setjmp(W->failure) != 0) {
		after_death();
		return false;
	}
	W->ebpf = chance(50);
	W->exclusive = chance(10);
	write_programs();
	launch();
	draw_faults();
	while (live())
		rest(draw(50000));
	return true;
}

/* THE COMMAND */

static double
seconds(void)
{
	struct timespec now;

	/* clock_gettime(2) is simulated. */
	timespec_get(&now, TIME_UTC);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void
tell_fault(uint64_t seed, double began)
{
	printf("seed %llu: the law \"%s\" is broken: %s\n"
	       "found after %llu rollouts, %.1f s; make simulate SEED=%llu "
	       "ROLLOUTS=1 shows it\n",
	    (unsigned long long)seed, W->fault, W->fault_text,
	    (unsigned long long)W->rollouts, seconds() - began,
	    (unsigned long long)seed);
}

/* An empty argument is as none. */
static double
number(int argc, char *argv[], int i, double fallback)
{
	return i < argc && argv[i][0] != '\0' ? strtod(argv[i], NULL)
					      : fallback;
}

int
main(int argc, char *argv[])
{
	double rollouts = number(argc, argv, 2, 1e18);
	double limit = number(argc, argv, 4, 0) * 3600, began;
	uint64_t first, seed;

	limit = number(argc, argv, 3, limit > 0 ? limit : 3600);
	first = seed = (uint64_t)number(argc, argv, 1, 1);
	clearenv();
	world_map();
	setvbuf(stdout, W->out, _IOFBF, sizeof(W->out));
	sigaction(SIGSEGV,
	    &(struct sigaction){
		.sa_handler = crashed, .sa_flags = SA_NODEFER },
	    NULL);
	json_object_seed(1);
	heap_mark();
	W->trace = rollouts == 1;
	began = seconds();
	do {
		if (!run(seed)) {
			tell_fault(seed, began);
			return 1;
		}
		seed++;
	} while ((double)W->rollouts < rollouts && seconds() - began < limit);
	printf("%llu rollouts, %llu kills, seeds %llu to %llu, %.1f s: no law "
	       "is broken\n",
	    (unsigned long long)W->rollouts, (unsigned long long)W->kills,
	    (unsigned long long)first, (unsigned long long)seed - 1,
	    seconds() - began);
	return 0;
}
