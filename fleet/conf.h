/* SPDX-License-Identifier: ISC */
/*
 * Where the fleet's store is, and who this host is: one JSON object in
 * /etc/hotswap/fleet.conf, or in the file that HOTSWAP_FLEET_CONF names.
 */
#ifndef FLEET_CONF_H
#define FLEET_CONF_H

#include <jansson.h>
#include <stddef.h>

#define CONF_LEASE_S 60 /* seconds after which a silent host counts as away */

/* Strings are borrowed from the document; NULL: not given. */
struct conf {
	json_t *document; /* owned */
	const char *engine;
	const json_t *endpoints;	    /* of strings, at least one */
	const char *ca, *certificate, *key; /* paths of PEM files */
	const char *user, *password;
	const char *host; /* this host's name in the fleet */
	unsigned int lease_s;
};

/*
 * Read the file.  Nobody but its owner may read it, since it has a password.
 * -1 with why; else release it with conf_fini.
 */
int conf_read(struct conf *, char *why, size_t size);
void conf_fini(struct conf *);

#endif
