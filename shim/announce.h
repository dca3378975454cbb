/* SPDX-License-Identifier: ISC */
/*
 * The protocol between the preload library and the supervisor: one connection
 * for each call, to the SOCK_SEQPACKET socket that HOTSWAP_SHIM names.
 *
 *   library      a request; with the socket, SCM_RIGHTS, except for unlink
 *   supervisor   any number of replies, the last of which is PASS or DONE:
 *		HOLD     the answer may take any time
 *		REPLACE  with a socket, which gets the program's number
 *		PASS     do what the C library does; with ANNOUNCE_NO_MORE as
 *			 error, for CONNECT: and do not ask about it any more
 *		DONE     return 0, or -1 with this errno
 *
 * If the connection ends before that, the supervisor has died.  The library
 * asks again, ANNOUNCE_TRIES times in all, since the successor has the same
 * socket.  The successor finds out from the program's socket what was done
 * already.
 *
 * The two sides may be of different builds, since the supervisor can be
 * replaced.  A request of another version gets PASS.
 */
#ifndef SHIM_ANNOUNCE_H
#define SHIM_ANNOUNCE_H

#include <stdint.h>
#include <sys/un.h>

#define ANNOUNCE_ENV	     "HOTSWAP_SHIM"
#define ANNOUNCE_CONNECT_ENV "HOTSWAP_SHIM_CONNECT"
#define ANNOUNCE_VERSION     1
#define ANNOUNCE_DATA_MAX    4096
#define ANNOUNCE_PATH_MAX    (sizeof(((struct sockaddr_un *)0)->sun_path) - 1)
#define ANNOUNCE_LIMIT_SEC   30	   /* until the first reply */
#define ANNOUNCE_TRIES	     8	   /* supervisors that may die over one call */
#define ANNOUNCE_AGAIN	     0x100 /* or-ed to the kind: a repeated call */

#define ANNOUNCE_NO_MORE 1

enum announce_kind {
	ANNOUNCE_BIND,
	ANNOUNCE_LISTEN,
	ANNOUNCE_UNLINK,
	ANNOUNCE_OPTION,  /* setsockopt(2), see filter.h */
	ANNOUNCE_CONNECT, /* of a Unix socket, if ANNOUNCE_CONNECT_ENV is set */
};

enum announce_verdict {
	ANNOUNCE_PASS,
	ANNOUNCE_DONE,
	ANNOUNCE_REPLACE,
	ANNOUNCE_HOLD,
};

struct announce_request {
	uint32_t version;
	uint32_t kind;
	int32_t number;	  /* of the socket; unlink: of the directory */
	int32_t argument; /* listen: the backlog; option: its number */

	/* Then comes the address, the path (no NUL) or the option's value. */
};

struct announce_reply {
	uint32_t verdict;
	int32_t error;
};

#endif
