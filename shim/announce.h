/* SPDX-License-Identifier: ISC */
/*
 * What the preload library and the supervisor say to each other: one
 * connection a call, to the SOCK_SEQPACKET socket that HOTSWAP_SHIM names.
 *
 *   library      a request; for bind and listen with the socket, SCM_RIGHTS
 *   supervisor   any number of replies, the last of which is PASS or DONE:
 *                HOLD     it may take as long as it takes
 *                REPLACE  with a socket, which is to take the number
 *                PASS     do what the C library does
 *                DONE     return 0, or -1 with this errno
 *
 * A connection that ends before means PASS.  Both sides are of one build of
 * one machine; a request of another version gets PASS.
 */
#ifndef SHIM_ANNOUNCE_H
#define SHIM_ANNOUNCE_H

#include <stdint.h>

#define ANNOUNCE_ENV	   "HOTSWAP_SHIM"
#define ANNOUNCE_VERSION   1
#define ANNOUNCE_DATA_MAX  4096
#define ANNOUNCE_LIMIT_SEC 5 /* until the first reply */

enum announce_kind { ANNOUNCE_BIND, ANNOUNCE_LISTEN, ANNOUNCE_UNLINK };

enum announce_verdict {
	ANNOUNCE_PASS,
	ANNOUNCE_DONE,
	ANNOUNCE_REPLACE,
	ANNOUNCE_HOLD,
};

struct announce_request {
	uint32_t version;
	uint32_t kind;
	int32_t number;	 /* of the socket; unlink: of the directory */
	int32_t backlog; /* of listen */
			 /* Behind it: the address; the path without a NUL. */
};

struct announce_reply {
	uint32_t verdict;
	int32_t error;
};

#endif
