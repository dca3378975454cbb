/* SPDX-License-Identifier: ISC */
/*
 * Servers that many people run, and what makes each of them hard to replace, or
 * to run twice at a time.  This is advice that doctor prints; nothing is
 * decided by it.
 */
#ifndef CLI_KNOWN_SERVER_H
#define CLI_KNOWN_SERVER_H

#include <stdbool.h>

/* A row.  Patterns are of fnmatch(3) with FNM_EXTMATCH; NULL means none. */
struct known_server {
	const char *name;    /* pattern of the program's base name */
	bool detaches;	     /* by default, unless the flag is given */
	const char *flag;    /* keeps it in the foreground, or detaches it */
	const char *pattern; /* of an argument that is the flag */
	const char *claims;  /* what only one instance can have */
	const char *options; /* options of hotswap that suit it */
};

/* Find the row by the base name of path; NULL if there is none. */
const struct known_server *known_server_find(const char *path);

/*
 * Whether the server will detach itself, as far as its NULL-terminated
 * arguments tell; its configuration may say otherwise.
 */
bool known_server_will_detach(
    const struct known_server *, char *const *arguments);

#endif
