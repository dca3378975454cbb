/* SPDX-License-Identifier: ISC */
/*
 * One packet to ourselves: a SYN or an empty datagram, which all sockets of
 * the group have a sieve against for that instant.
 */
#include "traffic/trace.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/sockopt.h"
#include "traffic/sieve.h"

#define LOOKS 10 /* at the counts, a millisecond apart */

/* What is known of one of the sockets. */
struct suspect {
	struct sieve sieve;
	uint32_t drops; /* before */
};

/* Bound to the n-th directed source, not blocking; -1 if it is taken. */
static int
bind_source(const struct endpoint *at, const struct address *source)
{
	int fd = socket(source->sa.sa_family,
	    at->address.type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd == -1)
		return -1;
	if ((at->address.type == SOCK_STREAM &&
		sockopt_set(fd, SOL_SOCKET, SO_REUSEADDR, 1) == -1) ||
	    bind(fd, &source->sa, source->len) == -1)
		fd_close(&fd);
	return fd;
}

/* From the first source that is free; where it goes comes in to. */
static int
open_source(
    const struct endpoint *at, unsigned int generation, struct address *to)
{
	struct address source;
	unsigned int n;
	int fd;

	for (n = 0; address_direct(&at->address, at->v6only, generation, n, to,
			&source) == 0;
	     n++)
		if ((fd = bind_source(at, &source)) != -1)
			return fd;
	return -1;
}

/* -1: one has no sieve, and none has any more. */
static int
prepare(struct suspect *suspects, const int *fds, size_t n, int from)
{
	struct sieve_source source = { .ports = 1 };
	socklen_t len = sizeof(source.address);
	size_t i;

	if (getsockname(from, (struct sockaddr *)&source.address, &len) == -1)
		return -1;
	for (i = 0; i < n; i++) {
		if (sieve_set(&suspects[i].sieve, fds[i], &source) == -1)
			break;
		suspects[i].drops = sieve_drops(fds[i]);
	}
	if (i == n)
		return 0;
	while (i-- > 0)
		sieve_clear(&suspects[i].sieve);
	errno = EBUSY;
	return -1;
}

static int
emit(const struct endpoint *at, int from, const struct address *to)
{
	if (at->address.type == SOCK_STREAM)
		return connect(from, &to->sa, to->len) == 0 ||
			errno == EINPROGRESS
		    ? 0
		    : -1;
	return sendto(from, "", 0, 0, &to->sa, to->len) == -1 ? -1 : 0;
}

/* Those whose count has risen; returns how many. */
static size_t
find_hits(const struct suspect *suspects, bool *hits, size_t n)
{
	size_t i, found = 0;
	int looks;

	for (looks = 0; looks < LOOKS && found == 0; looks++) {
		if (looks > 0)
			poll(NULL, 0, 1);
		for (i = 0; i < n; i++) {
			hits[i] = sieve_drops(suspects[i].sieve.fd) !=
			    suspects[i].drops;
			found += hits[i];
		}
	}
	return found;
}

int
trace_packet(const struct endpoint *at, unsigned int generation, const int *fds,
    bool *hits, size_t n)
{
	struct suspect *suspects = calloc(n + 1, sizeof(*suspects));
	struct address to;
	int from = -1, r = -1, error;
	size_t i;

	if (suspects == NULL ||
	    (from = open_source(at, generation, &to)) == -1 ||
	    prepare(suspects, fds, n, from) == -1)
		goto out;
	if (emit(at, from, &to) == 0) {
		find_hits(suspects, hits, n);
		r = 0;
	}
	error = errno;
	for (i = 0; i < n; i++)
		sieve_clear(&suspects[i].sieve);
	errno = error;
out:
	fd_close(&from);
	free(suspects);
	return r;
}

int
trace_index(const struct endpoint *at, const int *fds, size_t n)
{
	bool *hits = calloc(n + 1, sizeof(*hits));
	int found = -1;
	size_t i, count = 0;

	if (hits == NULL)
		return -1;
	if (trace_packet(at, TRACE_GENERATION, fds, hits, n) == 0) {
		for (i = 0; i < n; i++) {
			if (!hits[i])
				continue;
			found = fds[i];
			count++;
		}
		errno = ENOENT;
	}
	free(hits);
	return count == 1 ? found : -1;
}
