/* SPDX-License-Identifier: ISC */
/*
 * One connection made by libcurl: from where, to where, for how long; and
 * what went wrong, in words for people.  Nothing of it comes from the
 * environment or from files: no proxy, no .netrc, no .curlrc.
 */
#ifndef PROBE_SESSION_H
#define PROBE_SESSION_H

#include <curl/curl.h>
#include <stdint.h>

#include "probe/check.h"

struct session {
	const struct check *check;
	CURL *curl;
	CURLU *url;
	int64_t start_usec;
	struct curl_slist *known; /* addresses of the host */
	char error[CURL_ERROR_SIZE];
};

/*
 * Set up for url, whose scheme is replaced by scheme unless that is NULL, to
 * use check->sock if that is connected.  Afterwards the process is confined
 * to the network.  -1 with the verdict set.  session_close it in every case.
 */
int session_open(struct session *, const struct check *, const char *url,
    const char *scheme, struct verdict *);

/* The family of the address that the URL's host is; AF_UNSPEC: a name. */
int session_host_family(const struct session *);

CURLcode session_perform(struct session *);

/* Connect, no more.  The socket, non-blocking, *borrowed*; -1 with verdict. */
int session_connect(struct session *, struct verdict *);

void session_close(struct session *);

/* Passed: `WHAT in 3.2 ms from 127.83.0.2`. */
void session_passed(struct session *, const char *what, struct verdict *);

/* Why session_perform failed, borrowed until the next call. */
const char *session_explain(struct session *, CURLcode);

/* errno as a part of a sentence: `connection refused`.  Borrowed likewise. */
const char *session_errno(int error);

#endif
