/* SPDX-License-Identifier: ISC */
/*
 * What hotswap-probe is asked, what it answers, and the kinds of check.  Each
 * kind uses one connection, sets one line and never prints.
 */
#ifndef PROBE_CHECK_H
#define PROBE_CHECK_H

#include <stdint.h>

#include "probe/source.h"

enum outcome {
	CHECK_PASSED = 0,
	CHECK_FAILED = 1,
	CHECK_USAGE = 64, /* the check's text is wrong */
};

struct check {
	const char *text; /* as given: http://HOST:PORT/PATH */
	struct source source;
	const char *unix_path; /* in place of the path in text; may be NULL */
	long timeout_ms;       /* for the whole check, from start_usec on */
	int64_t start_usec;
	int sock;	       /* connected already, nonblocking; -1: not */
	unsigned int warm;     /* requests of a warm-up, at most; 0: a check */
	unsigned int parallel; /* its connections */
};

/* Microseconds of the monotonic clock. */
int64_t check_now_usec(void);

/* Milliseconds left of the check's time, 0 if none. */
long check_left_ms(const struct check *);

struct verdict {
	enum outcome outcome;
	char line[1024]; /* what was measured, or why it failed */
};

void verdict_set(struct verdict *, enum outcome, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

typedef void check_fn(const struct check *, struct verdict *);

/*
 * http:// and https://: passes on a complete answer with a status of 200 to
 * 399; a redirect counts and is not followed.  The certificate of https is not
 * verified: it names the service's public name, whereas the check connects to
 * this machine by address.
 */
check_fn check_http;

/*
 * tcp://HOST:PORT[?send=TEXT&expect=TEXT], both percent-decoded: passes when it
 * is connected, all of send is sent, and expect is found anywhere in the
 * answer.
 */
check_fn check_tcp;

/*
 * grpc://HOST:PORT[/SERVICE] over HTTP/2 without TLS, grpcs:// over TLS (not
 * verified, as https): passes if grpc.health.v1.Health/Check says SERVING.
 */
check_fn check_grpc;

/*
 * http:// and https://: a warm-up.  Passes when it has ended: by the number of
 * requests, the time, or because answers have stopped to become quicker; fails
 * if no request has passed.
 */
check_fn check_warm;

/* unix:PATH: passes when it is connected.  unix:PATH:http:/PATH: as http. */
check_fn check_unix;

#endif
