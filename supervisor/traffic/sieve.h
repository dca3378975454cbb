/* SPDX-License-Identifier: ISC */
/*
 * A sieve on a socket: while it is there, the kernel drops the packets of one
 * source before any program sees them, and counts them.
 */
#ifndef TRAFFIC_SIEVE_H
#define TRAFFIC_SIEVE_H

#include <stdint.h>
#include <sys/socket.h>

/* The source whose packets are dropped. */
struct sieve_source {
	struct sockaddr_storage address; /* inet, with the first port */
	unsigned int ports;		 /* number of ports; 0: all ports */
};

enum sieve_kind {
	SIEVE_NONE,
	SIEVE_FILTER, /* SO_ATTACH_FILTER, socket(7) */
	SIEVE_KEY,    /* TCP_MD5SIG: a key that the packets do not have */
};

struct sieve {
	int fd; /* borrowed */
	enum sieve_kind kind;
	struct sieve_source source;
};

/*
 * Put a sieve on fd, which must have none: a filter or, where a filter is not
 * possible, a key.  Linux 6.18 lets an ordinary user attach a filter to a TCP
 * socket only with CAP_NET_ADMIN, and a program may have a filter of its own.
 * A key matches the address alone, so there is none for IPv6, where the
 * directed source is ::1, which others use too.  -1 with EBUSY: neither is
 * possible.
 */
int sieve_set(struct sieve *, int fd, const struct sieve_source *);
void sieve_clear(struct sieve *);

/*
 * The number of packets that the socket has dropped, by a sieve or a full
 * queue.
 */
uint32_t sieve_drops(int fd);

#endif
