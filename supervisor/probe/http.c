/* SPDX-License-Identifier: ISC */
/*
 * HTTP and HTTPS: a GET that needs a complete answer with a status of 200 to
 * 399.
 */
#include "probe/http.h"

#include <string.h>

/* The last status line without the version: `200 OK`. */
struct answer {
	char status[128];
};

static size_t
on_header(char *data, size_t size, size_t n, void *arg)
{
	struct answer *answer = arg;
	size_t len = size * n;
	const char *status;

	if (len < 5 || memcmp(data, "HTTP/", 5) != 0 ||
	    (status = memchr(data, ' ', len)) == NULL)
		return len;
	status++;
	snprintf(answer->status, sizeof(answer->status), "%.*s",
	    (int)(data + len - status), status);
	answer->status[strcspn(answer->status, "\r\n")] = '\0';
	/* HTTP/2 has no reason phrase, but a space is left before it. */
	if ((len = strlen(answer->status)) > 0 &&
	    answer->status[len - 1] == ' ')
		answer->status[len - 1] = '\0';
	return size * n;
}

static size_t
on_body(char *data, size_t size, size_t n, void *arg)
{
	return size * n;
}

void
http_check(struct session *session, struct verdict *verdict)
{
	struct answer answer = { "" };
	long status = 0;
	CURLcode code;

	curl_easy_setopt(session->curl, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(session->curl, CURLOPT_HEADERDATA, &answer);
	curl_easy_setopt(session->curl, CURLOPT_WRITEFUNCTION, on_body);
	code = session_perform(session);
	curl_easy_getinfo(session->curl, CURLINFO_RESPONSE_CODE, &status);
	if (status != 0 && (status < 200 || status > 399))
		verdict_set(
		    verdict, CHECK_FAILED, "answered %s", answer.status);
	else if (code == CURLE_OK)
		session_passed(session, answer.status, verdict);
	else if (status != 0)
		verdict_set(verdict, CHECK_FAILED,
		    "answered %s, but not to its end: %s", answer.status,
		    session_explain(session, code));
	else
		verdict_set(verdict, CHECK_FAILED, "%s",
		    session_explain(session, code));
}

void
check_http(const struct check *check, struct verdict *verdict)
{
	struct session session;

	if (session_open(&session, check, check->text, NULL, verdict) == 0)
		http_check(&session, verdict);
	session_close(&session);
}
