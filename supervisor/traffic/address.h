/* SPDX-License-Identifier: ISC */
/*
 * Addresses on which a service listens: reading, writing, comparing.  Pure.
 *
 * As text: `8080` (IPv4, any address), `0.0.0.0:8080`, `[::1]:8080`, `udp:53`,
 * `udp:[::]:53`, `/run/x.sock`, `udp:/run/datagrams`, `@abstract` (a byte that
 * is not graphic is written `\xHH`).  `0.0.0.0%eth0:67` and `[::%eth0]:547` are
 * of sockets that are bound to a network device, SO_BINDTODEVICE, socket(7):
 * two devices are two addresses.
 */
#ifndef TRAFFIC_ADDRESS_H
#define TRAFFIC_ADDRESS_H

#include <stdbool.h>
#include <sys/socket.h>
#include <sys/un.h>

#define ADDRESS_STRLEN 448 /* room for any address as text, with escapes */

enum address_kind { ADDRESS_INET, ADDRESS_UNIX, ADDRESS_ABSTRACT };

struct address {
	int type;	     /* SOCK_STREAM or SOCK_DGRAM */
	unsigned int device; /* its index, 0: none, or the address implies it */
	socklen_t len;
	union {
		struct sockaddr sa;
		struct sockaddr_storage storage; /* of any family */
	};
};

/* Read an address.  Returns 0; -1 with *why set to a static phrase. */
int address_parse(struct address *, const char *text, const char **why);

/* From an address of bind(2) or getsockname(2).  -1: EAFNOSUPPORT, EINVAL. */
int address_set(struct address *, int type, const struct sockaddr *, socklen_t);

/*
 * A socket there is bound to the device with this index, 0 for none.  A
 * link-local IPv6 address names it itself.
 */
void address_set_device(struct address *, unsigned int device);

/* Write text that address_parse reads as an equal address. */
void address_format(const struct address *, char buf[static ADDRESS_STRLEN]);

enum address_kind address_kind(const struct address *);
bool address_equal(const struct address *, const struct address *);

/* 0.0.0.0 or [::] */
bool address_is_wildcard(const struct address *);

/*
 * Whether a connection to one address might reach the other: both have the same
 * type and port, and are equal, or one is a wildcard that includes the other.
 * [::] counts as including IPv4, as it may; and no device as any device.
 */
bool address_overlaps(const struct address *, const struct address *);

/* The port in host byte order; 0 for Unix sockets. */
unsigned int address_port(const struct address *);

/*
 * Where a client on this machine connects to reach a listener: the loopback
 * address of its family instead of a wildcard, else the address itself.
 */
void address_reach(const struct address *listening, struct address *reach);

/*
 * Directed sources.  For IPv4: 127.83.H.L, where H * 256 + L is the generation
 * mod 65536.  For IPv6: ::1 with one of STEER_PORTS source ports, the first of
 * which is STEER_PORT_BASE + generation % STEER_PORT_SLOTS * STEER_PORTS.
 */
#define STEER_NET	 0x7f530000u /* 127.83.0.0/16 */
#define STEER_PORT_BASE	 61440u
#define STEER_PORTS	 16u
#define STEER_PORT_SLOTS 256u

/*
 * The n-th source address, from 0, from which steering directs a client to one
 * generation at this listener: 127.83.H.L with port 0 for IPv4 and dual-stack,
 * [::1] with a reserved port if only IPv6 reaches the listener.  -1 with errno:
 * EAFNOSUPPORT for Unix sockets and for those that are bound to
 * another device than lo, which have none, ERANGE beyond the last n.
 */
int address_directed(const struct address *listening, bool v6only,
    unsigned int generation, unsigned int n, struct address *source);

/*
 * Both ends of a directed connection: the source of address_directed, and the
 * address to connect to, of the same family.
 */
int address_direct(const struct address *listening, bool v6only,
    unsigned int generation, unsigned int n, struct address *to,
    struct address *source);

#endif
