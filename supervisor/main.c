/* SPDX-License-Identifier: ISC */
/*
 * The hotswap command: hands over to the table of commands.
 */
#include <fcntl.h>
#include <unistd.h>

#include "cli/command.h"

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

int
main(int argc, char **argv)
{
	fill_standard_descriptors();
	return command_main(argc, argv);
}
