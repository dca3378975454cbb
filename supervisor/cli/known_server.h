/* SPDX-License-Identifier: ISC */
/*
 * Servers that many people run, and what each does that is in the way of
 * being replaced, or of two of them running at a time.  This is advice, which
 * doctor prints; nothing is decided by it.
 */
#ifndef CLI_KNOWN_SERVER_H
#define CLI_KNOWN_SERVER_H

#include <stdbool.h>

/* A row.  Patterns are of fnmatch(3) with FNM_EXTMATCH; NULL: nothing. */
struct known_server {
	const char *name;    /* pattern of the program's base name */
	bool detaches;	     /* by default, unless it has the flag */
	const char *flag;    /* keeps it in front, or sends it away */
	const char *pattern; /* of an argument that is the flag */
	const char *claims;  /* what only one of them can have */
	const char *options; /* of hotswap that suit it */
};

/* By the base name of path; NULL if there is no row. */
const struct known_server *known_server_find(const char *path);

/*
 * Whether it will detach itself, as far as its NULL-terminated arguments
 * tell; its configuration may say otherwise.
 */
bool known_server_will_detach(
    const struct known_server *, char *const *arguments);

#endif
