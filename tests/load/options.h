/* SPDX-License-Identifier: ISC */
/*
 * The options of the load client, from its command line.
 */
#ifndef LOAD_OPTIONS_H
#define LOAD_OPTIONS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "reply.h"

union name {
	struct sockaddr sa;
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	struct sockaddr_un un;
};

struct options {
	const char *target;
	union name to;
	socklen_t to_len;
	int type;	       /* SOCK_STREAM or SOCK_DGRAM */
	union name source;     /* the first of the clients' addresses */
	unsigned int nsources; /* 0: the kernel chooses */
	long rate;	       /* new connections a second */
	long count;	       /* of new connections; 0: no limit */
	long kept, slow;       /* connections */
	int64_t pause_ns;      /* between requests of a kept connection */
	int64_t slow_ns;
	int64_t timeout_ns;
	int64_t duration_ns; /* 0: until a signal */
	const char *path;
	const char *expect; /* must be in the body */
	struct bytes send;  /* instead of HTTP; decoded in place */
	struct bytes until; /* what ends the answer to send */
	bool anywhere;	    /* or is somewhere in it */
	struct bytes greet; /* sent once, before that */
	struct bytes greet_until;
	bool version_from_body;
	const char *control; /* FIFO, `-`: stdin */
	const char *phase;   /* the first phase */
	long cpu;	     /* to run on; -1: any */
	bool human;
};

/* A fault ends the program with status 64. */
void options_parse(struct options *, int argc, char **argv);

#endif
