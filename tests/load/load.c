/* SPDX-License-Identifier: ISC */
/*
 * load: a client that keeps a server busy and reports the outcome of each
 * request.  Exit status 0: all requests were answered; 1: a request has failed.
 */
#include <err.h>
#include <sched.h>

#include "engine.h"
#include "options.h"
#include "report.h"
#include "tally.h"

static void
stay_on(long cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((size_t)cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set) == -1)
		err(64, "--cpu %ld", cpu);
}

int
main(int argc, char **argv)
{
	static struct options options;
	static struct tally tally;
	int failed;

	options_parse(&options, argc, argv);
	if (options.cpu >= 0)
		stay_on(options.cpu);
	engine_run(&options, &tally);
	if (options.human)
		report_human(&options, &tally);
	else
		report_json(&options, &tally);
	failed = tally_failures(&tally) > 0;
	tally_free(&tally);
	return failed;
}
