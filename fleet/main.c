/* SPDX-License-Identifier: ISC */
/*
 * hotswap-fleet, which `hotswap fleet` executes.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/status.h"
#include "cli/candidates.h"
#include "cli/commands.h"
#include "cli/render.h"
#include "cli/tell.h"
#include "config/nearest.h"
#include "fleet/command.h"
#include "fleet/conf.h"
#include "fleet/store.h"

const struct fleet_command fleet_commands[] = {
	{ "agent", "SERVICE --exe PATH [OPTIONS]",
	    "Take part in the fleet's rollouts on this host, in the "
	    "foreground.",
	    TAKES_AGENT, 0, false, fleet_agent },
	{ "upgrade", "SERVICE RELEASE [OPTIONS]",
	    "Roll a release out over all hosts, and stop at the first bad one.",
	    TAKES_JSON | TAKES_ROLLOUT | TAKES_TIMEOUT | TAKES_NO_WAIT, 1,
	    false, fleet_upgrade },
	{ "rollback", "SERVICE [OPTIONS]",
	    "Take the last rollout back on all hosts that have its release, "
	    "at once.",
	    TAKES_JSON | TAKES_TIMEOUT | TAKES_NO_WAIT, 0, false,
	    fleet_rollback },
	{ "resume", "SERVICE [OPTIONS]",
	    "Go on with the last rollout: drive it, or after a halt try again "
	    "on the hosts that do not have the release.",
	    TAKES_JSON | TAKES_TIMEOUT, 0, false, fleet_resume },
	{ "stop", "SERVICE",
	    "Halt the rollout: no host begins any more, and those that have "
	    "begun end.",
	    0, 0, false, fleet_stop },
	{ "status", "SERVICE [OPTIONS]",
	    "Show which host has which release, and the rollout.", TAKES_JSON,
	    0, false, fleet_status },
	{ "history", "SERVICE [OPTIONS]", "Show past rollouts of the fleet.",
	    TAKES_JSON, 0, false, fleet_history },
	{ "report", "SERVICE [ROLLOUT] [OPTIONS]",
	    "Show a rollout of the fleet as a page for a browser: the hosts on "
	    "a time line. The newest, or that with this number.",
	    TAKES_OUTPUT, 0, false, fleet_report },
	{ "forget", "SERVICE HOST",
	    "Remove a host that does not come back, with its slot.", 0, 1,
	    false, fleet_forget },
	{ "weight", "SERVICE HOST WEIGHT",
	    "Set the share of the traffic that balancers give a host, 0 to "
	    "100.",
	    0, 2, false, fleet_weight },
	{ "direct", "SERVICE -- DIRECTOR [ARG...]",
	    "Keep a balancer as the weights say: run the director with the "
	    "table of hosts whenever it changes, and every 30 s.",
	    0, 0, true, fleet_direct },
};
const size_t fleet_command_count =
    sizeof(fleet_commands) / sizeof(fleet_commands[0]);

static void
print_help(FILE *out)
{
	size_t i;

	fputs("usage: hotswap fleet COMMAND SERVICE [ARGUMENT...]\n\n"
	      "Rolls releases out over many hosts; the state is in etcd or "
	      "ZooKeeper.\n\n",
	    out);
	for (i = 0; i < fleet_command_count; i++) {
		fprintf(out, "  %-10s", fleet_commands[i].name);
		render_wrap(out, fleet_commands[i].summary, 12, RENDER_WIDTH);
	}
	fputs("\n  hotswap fleet COMMAND --help    the options of a command\n\n"
	      "/etc/hotswap/fleet.conf, or the file that HOTSWAP_FLEET_CONF "
	      "names, says where\nthe store is: see hotswap-fleet(1).\n",
	    out);
}

static int
tell_unknown(const char *name)
{
	struct nearest nearest;
	size_t i;

	nearest_init(&nearest, name);
	for (i = 0; i < fleet_command_count; i++)
		nearest_try(&nearest, fleet_commands[i].name);
	if (nearest.best != NULL)
		return tell(STATUS_USAGE,
		    "fleet: unknown command \"%s\"; is \"%s\" meant?", name,
		    nearest.best);
	return tell(STATUS_USAGE,
	    "fleet: unknown command \"%s\" (hotswap fleet --help lists them)",
	    name);
}

static int
run(struct fleet_arguments *arguments)
{
	struct store *store;
	struct conf conf;
	char why[512];
	int status;

	if (conf_read(&conf, why, sizeof(why)) == -1)
		return tell(STATUS_CONFIG, "fleet: %s", why);
	store = store_open(&conf, arguments->service, why, sizeof(why));
	if (store == NULL)
		status = tell(STATUS_CONFIG, "fleet: %s", why);
	else
		status = arguments->command->run(arguments, &conf, store);
	store_close(store);
	conf_fini(&conf);
	return status;
}

/* For `hotswap complete -- fleet WORD...`. */
static int
complete(char **words)
{
	struct place place = { words[0], NULL, "" };
	size_t i;

	for (i = 0; words[0] != NULL && i < fleet_command_count; i++)
		if (words[1] == NULL)
			candidate(&place, fleet_commands[i].name,
			    fleet_commands[i].summary);
		else if (strcmp(fleet_commands[i].name, words[0]) == 0)
			fleet_arguments_complete(&fleet_commands[i], words + 1);
	return STATUS_OK;
}

static int
dispatch(int argc, char **argv)
{
	struct fleet_arguments arguments;
	size_t i;
	int status;

	if (argc < 2) {
		print_help(stderr);
		return STATUS_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0) {
		print_help(stdout);
		return STATUS_OK;
	}
	if (strcmp(argv[1], COMMAND_FLEET_COMPLETE) == 0)
		return complete(argv + 2);
	for (i = 0; i < fleet_command_count; i++)
		if (strcmp(fleet_commands[i].name, argv[1]) == 0)
			break;
	if (i == fleet_command_count)
		return tell_unknown(argv[1]);
	status =
	    fleet_arguments_parse(&arguments, &fleet_commands[i], argv + 2);
	if (status == STATUS_OK && arguments.help)
		fleet_arguments_help(&fleet_commands[i]);
	else if (status == STATUS_OK)
		status = run(&arguments);
	return status;
}

int
main(int argc, char **argv)
{
	int status;

	memory_init();
	signal(SIGPIPE, SIG_IGN);
	status = dispatch(argc, argv);
	if (fflush(stdout) == EOF || ferror(stdout))
		return tell(
		    STATUS_SOFTWARE, "write to stdout: %s", strerror(errno));
	return status;
}
