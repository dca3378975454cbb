/* SPDX-License-Identifier: ISC */
/*
 * Sends packets to ourselves: a SYN or an empty datagram each.  For that
 * instant all sockets of the group have a sieve against them.
 */
#include "traffic/trace.h"

#include <errno.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/sockopt.h"
#include "traffic/sieve.h"

#define LOOKS 10 /* at the counts, 1 ms apart */

/* One of the sockets that may get the packet. */
struct suspect {
	struct sieve sieve;
	uint32_t drops; /* before the packet is sent */
};

/*
 * A non-blocking socket that is bound to this source; -1 if the source is
 * taken.
 */
static int
bind_source(const struct endpoint *at, const struct address *source)
{
	int fd = socket(source->sa.sa_family,
	    at->address.type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd == -1)
		return -1;
	if ((address_port(source) != 0 &&
		sockopt_set(fd, SOL_SOCKET, SO_REUSEADDR, 1) == -1) ||
	    bind(fd, &source->sa, source->len) == -1)
		fd_close(&fd);
	return fd;
}

/*
 * Open a socket from the first free source, beginning with number *next.  to is
 * set to the address where its packets go.
 */
static int
open_source(const struct endpoint *at, unsigned int generation,
    unsigned int *next, struct address *to)
{
	struct address source;
	int fd;

	while (address_direct(&at->address, at->v6only, generation, *next, to,
		   &source) == 0) {
		if (address_port(&source) != 0)
			++*next; /* use each port once */
		if ((fd = bind_source(at, &source)) != -1)
			return fd;
		if (address_port(&source) == 0)
			break;
	}
	return -1;
}

/* For one packet: its port.  For several: all ports of the directed source. */
static int
describe_source(int from, unsigned int packets, struct sieve_source *source)
{
	socklen_t len = sizeof(source->address);
	struct sockaddr_in6 *in6 = (void *)&source->address;
	unsigned int port;

	*source = (struct sieve_source){ .ports = 1 };
	if (getsockname(from, (struct sockaddr *)&source->address, &len) == -1)
		return -1;
	if (packets == 1)
		return 0;
	source->ports = 0;
	if (source->address.ss_family == AF_INET)
		return 0;
	port = ntohs(in6->sin6_port);
	port -= (port - STEER_PORT_BASE) % STEER_PORTS;
	in6->sin6_port = htons((uint16_t)port);
	source->ports = STEER_PORTS;
	return 0;
}

/* Put a sieve on each socket.  -1: one can have none, and no sieve is left. */
static int
prepare(struct suspect *suspects, const int *fds, size_t n,
    const struct sieve_source *source)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (sieve_set(&suspects[i].sieve, fds[i], source) == -1)
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

/* Read the counts until all packets are counted, LOOKS times at most. */
static void
count_drops(const struct suspect *suspects, unsigned int packets,
    unsigned int *drops, size_t n)
{
	unsigned int sum = 0;
	size_t i;
	int looks;

	for (looks = 0; looks < LOOKS && sum < packets; looks++) {
		if (looks > 0)
			poll(NULL, 0, 1);
		for (i = 0, sum = 0; i < n; i++) {
			drops[i] = sieve_drops(suspects[i].sieve.fd) -
			    suspects[i].drops;
			sum += drops[i];
		}
	}
}

/* Send one packet from each source, while all sockets have a sieve. */
static int
send_all(const struct endpoint *at, const int *from, unsigned int packets,
    const struct address *to, const int *fds, unsigned int *drops, size_t n)
{
	struct suspect *suspects = calloc(n + 1, sizeof(*suspects));
	struct sieve_source source;
	unsigned int p;
	int r = 0;
	size_t i;

	if (suspects == NULL ||
	    describe_source(from[0], packets, &source) == -1 ||
	    prepare(suspects, fds, n, &source) == -1) {
		free(suspects);
		return -1;
	}
	for (p = 0; p < packets && r == 0; p++)
		r = emit(at, from[p], to);
	if (r == 0)
		count_drops(suspects, packets, drops, n);
	for (i = 0; i < n; i++)
		sieve_clear(&suspects[i].sieve);
	free(suspects);
	return r;
}

int
trace_packets(const struct endpoint *at, unsigned int generation,
    unsigned int packets, const int *fds, unsigned int *drops, size_t n)
{
	int from[TRACE_MOST], r = -1, error;
	unsigned int p = 0, next = 0;
	struct address to;

	while (p < packets &&
	    (from[p] = open_source(at, generation, &next, &to)) != -1)
		p++;
	if (p == packets)
		r = send_all(at, from, packets, &to, fds, drops, n);
	error = errno;
	while (p-- > 0)
		fd_close(&from[p]);
	errno = error;
	return r;
}

int
trace_index(const struct endpoint *at, const int *fds, size_t n)
{
	unsigned int *drops = calloc(n + 1, sizeof(*drops));
	int found = -1;
	size_t i, count = 0;

	if (drops == NULL)
		return -1;
	if (trace_packets(at, TRACE_GENERATION, 1, fds, drops, n) == 0) {
		for (i = 0; i < n; i++) {
			if (drops[i] == 0)
				continue;
			found = fds[i];
			count++;
		}
		errno = ENOENT;
	}
	free(drops);
	return count == 1 ? found : -1;
}
