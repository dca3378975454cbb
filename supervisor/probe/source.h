/* SPDX-License-Identifier: ISC */
/*
 * The address to connect from, by which steering knows whom a check is for:
 * 127.83.0.7, [::1], [::1]:61440, [::1]:61440-61455.
 */
#ifndef PROBE_SOURCE_H
#define PROBE_SOURCE_H

#include <netinet/in.h>

struct source {
	int family; /* AF_UNSPEC: any address will do */
	char host[INET6_ADDRSTRLEN];
	long port;  /* the first; 0: the kernel's choice */
	long ports; /* how many from there on */
};

/* Returns 0; -1 if text is none of these. */
int source_parse(struct source *, const char *text);

#endif
