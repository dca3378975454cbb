/* SPDX-License-Identifier: ISC */
/*
 * The table of commands, dispatch, and the help that is made from it.
 */
#include "cli/commands.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/version.h"
#include "cli/arguments.h"
#include "cli/flags.h"
#include "cli/render.h"
#include "cli/tell.h"
#include "config/nearest.h"
#include "process/parts.h"
#include "traffic/ebpf.h"

#define HELP_INDENT 30 /* column of an option's description */
#define ROLLOUT	    (FLAG_NAME | FLAG_NO_WAIT | FLAG_TIMEOUT | FLAG_JSON)

const struct cli_command command_table[] = {
	{ "run", "[OPTIONS] -- PROGRAM [ARG...]",
	    "Supervise a program in the foreground, and end with its exit "
	    "status.",
	    0, SCOPE_ALL, NULL, true, cli_run },
	{ "start", "[OPTIONS] -- PROGRAM [ARG...]",
	    "The same in the background: return when the first generation "
	    "serves, or fail with the reason and the program's last lines.",
	    0, SCOPE_ALL, NULL, true, cli_start },
	{ "upgrade", "[NAME] [OPTIONS] [-- PROGRAM [ARG...]]",
	    "Roll out a new image and wait for the outcome. Without PROGRAM "
	    "the command line stays, and its file is looked up again.",
	    ROLLOUT | FLAG_EXE, SCOPE_UPGRADE, NULL, true, cli_upgrade },
	{ "rollback", "[NAME] [OPTIONS]",
	    "Roll back: to the parked generation at once, else to the last "
	    "good image.",
	    ROLLOUT | FLAG_TO, SCOPE_NONE, NULL, false, cli_rollback },
	{ "promote", "[NAME]",
	    "End the canary or the bake now, with the candidate at 100 %.",
	    FLAG_NAME, SCOPE_NONE, NULL, false, cli_promote },
	{ "abort", "[NAME]",
	    "End the rollout now, with the old generation at 100 %.", FLAG_NAME,
	    SCOPE_NONE, NULL, false, cli_abort },
	{ "split", "[NAME] PERCENT",
	    "Give the candidate this share of the new connections, and hold "
	    "the rollout there.",
	    FLAG_NAME, SCOPE_NONE, "PERCENT", false, cli_split },
	{ "status", "[NAME] [OPTIONS]",
	    "Show what runs: generations, shares, connections, queues, "
	    "health.",
	    FLAG_NAME | FLAG_JSON | FLAG_WATCH, SCOPE_NONE, NULL, false,
	    cli_status },
	{ "list", "[OPTIONS]", "Show all services of this user.", FLAG_JSON,
	    SCOPE_NONE, NULL, false, cli_list },
	{ "history", "[NAME] [OPTIONS]",
	    "Show past rollouts and their outcomes, also of a service that "
	    "does not run.",
	    FLAG_NAME | FLAG_JSON, SCOPE_NONE, NULL, false, cli_history },
	{ "report", "[NAME [ROLLOUT]] [OPTIONS]",
	    "Show a rollout as a page for a browser: its phases, connections, "
	    "checks, and why it ended so. The newest, or that to generation "
	    "ROLLOUT, or that which started then.",
	    FLAG_NAME | FLAG_OUTPUT, SCOPE_NONE, "[ROLLOUT]", false,
	    cli_report },
	{ "events", "[NAME] [OPTIONS]", "Print events as JSON lines.",
	    FLAG_NAME | FLAG_FOLLOW, SCOPE_NONE, NULL, false, cli_events },
	{ "wait", "[NAME] --for STATE [OPTIONS]",
	    "Wait until the service has "
	    "a state.",
	    FLAG_NAME | FLAG_FOR | FLAG_TIMEOUT, SCOPE_NONE, NULL, false,
	    cli_wait },
	{ "signal", "[NAME] SIGNAL",
	    "Send a signal to the active generation's main process.", FLAG_NAME,
	    SCOPE_NONE, "SIGNAL", false, cli_signal },
	{ "restart", "[NAME] [OPTIONS]",
	    "Roll out the image that already runs.", ROLLOUT, SCOPE_NONE, NULL,
	    false, cli_restart },
	{ "reexec", "[NAME] [OPTIONS]",
	    "Replace the running supervisor by the hotswap binary on disk: "
	    "same PID, nothing else changes.",
	    FLAG_NAME | FLAG_EXE | FLAG_TIMEOUT, SCOPE_NONE, NULL, false,
	    cli_reexec },
	{ "stop", "[NAME] [OPTIONS]",
	    "Drain and stop all generations, then the supervisor.",
	    FLAG_NAME | FLAG_NOW | FLAG_TIMEOUT, SCOPE_NONE, NULL, false,
	    cli_stop },
	{ "doctor", "[OPTIONS] [-- PROGRAM [ARG...]]",
	    "Tell what this kernel, this user and a program allow, what will "
	    "be used, and what weakens a service with these options.",
	    FLAG_JSON, SCOPE_LOOK, NULL, true, cli_doctor },
	{ "probe", "URL",
	    "Make one health check by hand, with the prober of rollouts.", 0,
	    SCOPE_NONE, "URL", false, cli_probe },
	{ "metrics", "[NAME] [OPTIONS]",
	    "Print metrics in Prometheus' text format.", FLAG_NAME | FLAG_ALL,
	    SCOPE_NONE, NULL, false, cli_metrics },
	{ "exporter", "--listen ADDRESS [OPTIONS]",
	    "Serve the metrics of all services of this user by HTTP, for "
	    "Prometheus, at /metrics.",
	    FLAG_LISTEN, SCOPE_NONE, NULL, false, cli_exporter },
	{ "complete", "-- WORD...",
	    "Print what may stand in the place of the last word, for the "
	    "completion of a shell.",
	    0, SCOPE_NONE, NULL, true, cli_complete },
};
const size_t command_count = sizeof(command_table) / sizeof(command_table[0]);

const struct cli_command *
command_find(const char *name)
{
	size_t i;

	for (i = 0; i < command_count; i++)
		if (strcmp(command_table[i].name, name) == 0)
			return &command_table[i];
	return NULL;
}

static void
print_help(FILE *out)
{
	const struct cli_command *command = command_table;

	fputs("usage: hotswap COMMAND [ARGUMENT...]\n\n"
	      "Replaces a running server by a new one without losing a "
	      "connection.\n\n",
	    out);
	for (; command < command_table + command_count; command++) {
		fprintf(out, "  %-10s", command->name);
		render_wrap(out, command->summary, 12, RENDER_WIDTH);
	}
	fprintf(out, "  %-10s", COMMAND_FLEET);
	render_wrap(out, COMMAND_FLEET_SUMMARY, 12, RENDER_WIDTH);
	fputs("\n  hotswap COMMAND --help     the options of a command\n  "
	      "hotswap --version          the version\n\nNAME is the service's "
	      "name; it may be left out if only one service runs.\n",
	    out);
}

static void
print_option(FILE *out, char letter, const char *name, const char *metavar,
    const char *help, const char *fallback)
{
	char flag[8] = "    ", left[64], right[256];
	size_t width;

	if (letter != 0)
		snprintf(flag, sizeof(flag), "-%c, ", letter);
	snprintf(left, sizeof(left), "  %s--%s%s%s", flag, name,
	    metavar != NULL ? " " : "", metavar != NULL ? metavar : "");
	snprintf(right, sizeof(right),
	    fallback != NULL ? "%s (default: %s)" : "%s", help, fallback);
	width = strlen(left);
	if (width + 2 > HELP_INDENT)
		fprintf(out, "%s\n%*s", left, HELP_INDENT, "");
	else
		fprintf(out, "%-*s", HELP_INDENT, left);
	render_wrap(out, right, HELP_INDENT, RENDER_WIDTH);
}

static void
print_command_help(FILE *out, const struct cli_command *command)
{
	const struct option_row *row = option_table;
	const struct flag *flag = flag_table;

	fprintf(out, "usage: hotswap %s %s\n\n", command->name, command->usage);
	render_wrap(out, command->summary, 0, RENDER_WIDTH);
	fputc('\n', out);
	for (; flag < flag_table + flag_count; flag++)
		if ((command->flags | FLAG_HELP) & flag->bit)
			print_option(out, flag->letter, flag->name,
			    flag->metavar, flag->help, NULL);
	if (command->scope == SCOPE_NONE)
		return;
	fputs(command->scope == SCOPE_UPGRADE
		? "\nfor this rollout and from then on:\n"
		: "\nof the service:\n",
	    out);
	for (; row < option_table + option_count; row++)
		if (command_takes(command, row))
			print_option(out, row->letter, row->name, row->metavar,
			    row->help, row->fallback);
}

static int
tell_unknown_command(const char *name)
{
	struct nearest nearest;
	size_t i;

	nearest_init(&nearest, name);
	nearest_try(&nearest, COMMAND_FLEET);
	for (i = 0; i < command_count; i++)
		nearest_try(&nearest, command_table[i].name);
	if (nearest.best != NULL)
		return tell(STATUS_USAGE,
		    "unknown command \"%s\"; is \"%s\" meant?", name,
		    nearest.best);
	return tell(STATUS_USAGE,
	    "unknown command \"%s\" (hotswap --help lists them)", name);
}

int
command_fleet(char **argv)
{
	const char *path = parts_path(PART_FLEET);

	argv[0] = (char *)"hotswap-fleet";
	execv(path, argv);
	return tell(STATUS_SOFTWARE,
	    "fleet: %s: %s (it is installed with hotswap)", path,
	    strerror(errno));
}

static int
dispatch(const char *name, char **argv)
{
	const struct cli_command *command = command_find(name);
	struct arguments arguments;
	int status;

	if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
		print_help(stdout);
		return STATUS_OK;
	}
	if (strcmp(name, "--version") == 0) {
		printf("hotswap %s%s\n", version_text,
		    ebpf_is_built ? "" : ", without eBPF steering");
		return STATUS_OK;
	}
	if (command == NULL)
		return tell_unknown_command(name);
	status = arguments_parse(&arguments, command, argv);
	if (status == STATUS_OK && arguments.help)
		print_command_help(stdout, command);
	else if (status == STATUS_OK)
		status = command->run(&arguments);
	arguments_fini(&arguments);
	return status;
}

int
command_main(int argc, char **argv)
{
	int status;

	if (argc < 2) {
		print_help(stderr);
		return STATUS_USAGE;
	}
	if (strcmp(argv[1], COMMAND_FLEET) == 0)
		return command_fleet(argv + 1);
	status = dispatch(argv[1], argv + 2);
	/* Output that could not be written is a failure. */
	if (fflush(stdout) == EOF || ferror(stdout))
		return tell(
		    STATUS_SOFTWARE, "write to stdout: %s", strerror(errno));
	return status;
}
