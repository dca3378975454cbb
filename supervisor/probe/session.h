/* SPDX-License-Identifier: ISC */
/*
 * One connection by libcurl: its source, target and time, and its failure as a
 * text for people.  Nothing is read from the environment or from files: no
 * proxy, no .netrc, no .curlrc.
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
 * Prepare a session for url, with this scheme unless that is NULL, over
 * check->sock if that is connected.  Afterwards the process is confined to the
 * network.  -1 with the verdict set.  Call session_close in every case.
 */
int session_open(struct session *, const struct check *, const char *url,
    const char *scheme, struct verdict *);

/* The family of the URL's host if it is an address; AF_UNSPEC: a name. */
int session_host_family(const struct session *);

CURLcode session_perform(struct session *);

/* Only connect.  The socket, nonblocking, *borrowed*; -1 with the verdict. */
int session_connect(struct session *, struct verdict *);

void session_close(struct session *);

/* Set the verdict: `WHAT in 3.2 ms from 127.83.0.2`. */
void session_passed(struct session *, const char *what, struct verdict *);

/* Why session_perform failed, borrowed until the next call. */
const char *session_explain(struct session *, CURLcode);

/* errno inside a sentence: `connection refused`.  Borrowed in the same way. */
const char *session_errno(int error);

#endif
