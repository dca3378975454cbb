/* SPDX-License-Identifier: ISC */
/*
 * The source address of a check, by which steering knows which generation the
 * check is for: 127.83.0.7, [::1], [::1]:61440, [::1]:61440-61455.
 */
#ifndef PROBE_SOURCE_H
#define PROBE_SOURCE_H

#include <netinet/in.h>

struct source {
	int family; /* AF_UNSPEC: any address */
	char host[INET6_ADDRSTRLEN];
	long port;  /* the first; 0: the kernel chooses */
	long ports; /* number of ports from the first on */
};

/* Returns 0; -1 if text has no such form. */
int source_parse(struct source *, const char *text);

#endif
