/* SPDX-License-Identifier: ISC */
/*
 * A sieve on a socket: for as long as it is there the kernel drops what comes
 * from one source, and counts it, before any program sees it.
 */
#ifndef TRAFFIC_SIEVE_H
#define TRAFFIC_SIEVE_H

#include <stdint.h>
#include <sys/socket.h>

/* Whose packets are dropped. */
struct sieve_source {
	struct sockaddr_storage address; /* inet; its port is the first, */
	unsigned int ports;		 /* of so many; 0: all ports */
};

enum sieve_kind {
	SIEVE_NONE,
	SIEVE_FILTER, /* SO_ATTACH_FILTER, socket(7) */
	SIEVE_KEY,    /* a key that the packets do not have, TCP_MD5SIG */
};

struct sieve {
	int fd; /* borrowed */
	enum sieve_kind kind;
	struct sieve_source source;
};

/*
 * Put a sieve on fd, which must have none.  A key where there can be no
 * filter: Linux 6.18 asks an ordinary user for CAP_NET_ADMIN before he may
 * attach a filter to a TCP socket, and a program may have a filter of its
 * own.  A key goes by the address alone, so there is none for IPv6, whose
 * directed source is the ::1 of everybody.  -1 with EBUSY: neither can be had.
 */
int sieve_set(struct sieve *, int fd, const struct sieve_source *);
void sieve_clear(struct sieve *);

/* How many packets the socket has dropped, by a sieve or because it is full. */
uint32_t sieve_drops(int fd);

#endif
