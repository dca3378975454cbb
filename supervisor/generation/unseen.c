/* SPDX-License-Identifier: ISC */
/*
 * Searches the sockets of a program's processes.
 */
#include "generation/unseen.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/socket.h>

#include "base/foreign.h"
#include "base/sockopt.h"
#include "core/generation.h"
#include "generation/roster.h"
#include "process/program.h"
#include "process/remote.h"
#include "traffic/address.h"
#include "traffic/endpoint.h"

struct search {
	const struct generation *generation;
	struct address address;
	const char *kind; /* of a socket that no listener can have; else NULL */
	bool found;
};

/* As a word; NULL if a listener can have such a socket. */
static const char *
foreign_kind(int fd)
{
	int domain = sockopt_get(fd, SOL_SOCKET, SO_DOMAIN);

	if (domain == AF_VSOCK)
		return "AF_VSOCK";
	if (sockopt_get(fd, SOL_SOCKET, SO_PROTOCOL) == IPPROTO_SCTP)
		return "SCTP";
	if (sockopt_get(fd, SOL_SOCKET, SO_TYPE) == SOCK_SEQPACKET)
		return "SOCK_SEQPACKET";
	return domain == AF_INET || domain == AF_INET6 || domain == AF_UNIX
	    ? NULL
	    : "another";
}

/* *Steals* fd. */
static void
look_at(int fd, void *arg)
{
	struct search *search = arg;
	const struct generation *generation = search->generation;
	bool v6only;

	if (!search->found && sockopt_is_set(fd, SOL_SOCKET, SO_ACCEPTCONN) &&
	    (search->kind = foreign_kind(fd)) != NULL)
		search->found = true;
	else if (!search->found &&
	    sockopt_is_set(fd, SOL_SOCKET, SO_ACCEPTCONN) &&
	    sockopt_get(fd, SOL_SOCKET, SO_DOMAIN) != AF_UNIX &&
	    roster_with_socket(generation->service, generation->number, fd) ==
		NULL &&
	    endpoint_read(fd, &search->address, &v6only) == 0)
		search->found = true;
	foreign_close(&fd);
}

void
unseen_describe(const struct generation *generation, char *buf, size_t size)
{
	struct search search = { .generation = generation };
	char text[ADDRESS_STRLEN];
	const pid_t *pids;
	size_t i, n = 0;

	buf[0] = '\0';
	pids = program_pids(generation->program, &n);
	for (i = 0; pids != NULL && i < n && !search.found; i++)
		remote_sockets(pids[i], NULL, look_at, &search);
	if (!search.found)
		return;
	if (search.kind != NULL) {
		snprintf(buf, size,
		    "process %d listens on a socket of a kind that is not "
		    "followed (%s), so it is the program's own: say when the "
		    "program is ready with --ready, and let one version end "
		    "before the next starts with --strategy exclusive",
		    (int)pids[i - 1], search.kind);
		return;
	}
	address_format(&search.address, text);
	snprintf(buf, size,
	    "process %d listens on %s past the shim, by io_uring or by system "
	    "calls of its own: let it use bind and listen of the C library, or "
	    "name the address with --listen and let it take the socket",
	    (int)pids[i - 1], text);
}
