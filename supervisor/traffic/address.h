/* SPDX-License-Identifier: ISC */
/*
 * Addresses that a service listens on: reading, writing, comparing.  Pure.
 *
 * As text: `8080` (IPv4, any address), `0.0.0.0:8080`, `[::1]:8080`,
 * `udp:53`, `udp:[::]:53`, `/run/x.sock`, `udp:/run/datagrams`, `@abstract`
 * (bytes that are not graphic as `\xHH`).
 */
#ifndef TRAFFIC_ADDRESS_H
#define TRAFFIC_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/un.h>

#define ADDRESS_STRLEN 448 /* room for any as text, escapes included */

enum address_kind { ADDRESS_INET, ADDRESS_UNIX, ADDRESS_ABSTRACT };

struct address {
	int type; /* SOCK_STREAM or SOCK_DGRAM */
	socklen_t len;
	union {
		struct sockaddr sa;
		struct sockaddr_storage storage; /* of any family */
	};
};

/* Returns 0; -1 with *why set to a static word on what is wrong. */
int address_parse(struct address *, const char *text, const char **why);

/* From what bind(2) or getsockname(2) has.  -1 with EAFNOSUPPORT, EINVAL. */
int address_set(struct address *, int type, const struct sockaddr *, socklen_t);

/* As text that address_parse reads back to an equal address. */
void address_format(const struct address *, char buf[static ADDRESS_STRLEN]);

enum address_kind address_kind(const struct address *);
bool address_equal(const struct address *, const struct address *);

/* 0.0.0.0 or [::] */
bool address_is_wildcard(const struct address *);

/*
 * A connection to one might reach the other: the same type and port, and a
 * wildcard that takes in the other's address, [::] taking in all of IPv4 as
 * well (when in doubt it does).  Equal addresses overlap.
 */
bool address_overlaps(const struct address *, const struct address *);

/* In network byte order removed; 0 for Unix sockets. */
unsigned int address_port(const struct address *);

/*
 * Where a client on this machine connects to reach a listener: a wildcard
 * becomes its family's loopback address, all else stays.
 */
void address_reach(const struct address *listening, struct address *reach);

/*
 * Directed sources: 127.83.H.L for IPv4, H * 256 + L being the generation
 * mod 65536; for IPv6 ::1 with one of STEER_PORTS source ports, the first
 * STEER_PORT_BASE + generation % STEER_PORT_SLOTS * STEER_PORTS.
 */
#define STEER_NET	 0x7f530000u /* 127.83.0.0/16 */
#define STEER_PORT_BASE	 61440u
#define STEER_PORTS	 16u
#define STEER_PORT_SLOTS 256u

/*
 * The n-th source address, from 0, from which steering directs a client to
 * one generation at this listener: 127.83.H.L with port 0 for IPv4 and
 * dual-stack, [::1] with a reserved port for what only IPv6 reaches.  For
 * Unix sockets there is none: -1, EAFNOSUPPORT.  ERANGE past the last n.
 */
int address_directed(const struct address *listening, bool v6only,
    unsigned int generation, unsigned int n, struct address *source);

/*
 * Both ends of such a connection: address_directed, and where it connects
 * to, in the family of its source.
 */
int address_direct(const struct address *listening, bool v6only,
    unsigned int generation, unsigned int n, struct address *to,
    struct address *source);

#endif
