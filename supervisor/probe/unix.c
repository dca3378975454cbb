/* SPDX-License-Identifier: ISC */
/*
 * Unix sockets: unix:PATH connects, unix:PATH:http:/PATH asks by HTTP.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "probe/http.h"

#define SCHEME "unix:"
#define HTTP   ":http:/"

/* Cut the check's text into the socket's path and a URL, both *new*. */
static int
split(const char *text, char **path, char **url)
{
	const char *http;

	text += strlen(SCHEME);
	http = strstr(text, HTTP);
	*path = http != NULL ? strndup(text, http - text) : strdup(text);
	if (asprintf(url, "http://localhost/%s",
		http != NULL ? http + strlen(HTTP) : "") == -1)
		*url = NULL;
	return *path != NULL && *url != NULL ? 0 : -1;
}

/* The session is set up but for its path. */
static void
ask(struct session *session, const char *path, bool http,
    struct verdict *verdict)
{
	if (session_use_unix(session, path, verdict) == -1)
		return;
	if (http)
		http_check(session, verdict);
	else if (session_connect(session, verdict) != -1)
		session_passed(session, "connected", verdict);
}

void
check_unix(const struct check *check, struct verdict *verdict)
{
	bool http = strstr(check->text, HTTP) != NULL;
	struct session session;
	char *path, *url;

	if (split(check->text, &path, &url) == -1) {
		verdict_set(verdict, CHECK_FAILED, "out of memory");
	} else if (path[0] == '\0') {
		verdict_set(verdict, CHECK_USAGE, "the path is missing");
	} else {
		if (session_open(&session, check, url, NULL, verdict) == 0)
			ask(&session,
			    check->unix_path != NULL ? check->unix_path : path,
			    http, verdict);
		session_close(&session);
	}
	free(path);
	free(url);
}
