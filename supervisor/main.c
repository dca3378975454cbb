/* SPDX-License-Identifier: ISC */
/*
 * The hotswap command: hands over to the table of commands, or is what the
 * keeper starts.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/memory.h"
#include "cli/commands.h"
#include "cli/tell.h"
#include "control/examine.h"
#include "keep/keeper.h"
#include "keep/systemd_store.h"
#include "process/logger.h"
#include "service/examined.h"
#include "service/run.h"

/* Whoever was started without them must not get a socket as its stderr. */
static void
fill_standard_descriptors(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd != -1 && fd <= STDERR_FILENO);
	if (fd != -1)
		close(fd);
}

/* What was asked for and could not be written is not a success. */
static int
finish_output(int status)
{
	if (fflush(stdout) != EOF && !ferror(stdout))
		return status;
	tell(STATUS_OK, "standard output: %s", strerror(errno));
	return status == STATUS_OK ? STATUS_SOFTWARE : status;
}

int
main(int argc, char **argv)
{
	int status;

	fill_standard_descriptors();
	memory_init();
	/* Executed by a descriptor it would be called by its number. */
	prctl(PR_SET_NAME, program_invocation_short_name);
	if (keeper_is_replaced())
		return keeper_go_on();
	if (argc > 1 && strcmp(argv[1], "--supervise") == 0)
		return run_service(NULL);
	if (argc > 1 && strcmp(argv[1], LOGGER_OPTION) == 0)
		return logger_main(argv + 2);
	if (argc > 2 && strcmp(argv[1], EXAMINE_OPTION) == 0)
		return finish_output(examined_main(argv[2]));
	status = finish_output(command_main(argc, argv));
	/*
	 * Started again by systemd, with options that are wrong by now: what
	 * runs needs none of them.
	 */
	if (status != STATUS_OK && systemd_store_is_given())
		return run_service(NULL);
	return status;
}
