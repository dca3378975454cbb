/* SPDX-License-Identifier: ISC */
/*
 * TCP: connects, sends one text, and waits until another one is in the answer.
 */
#include <ctype.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "probe/session.h"

#define EXPECT_MAX 1024
#define SHOWN_MAX  64 /* bytes of an answer in a message */

/* Percent-decoded bytes; data is NULL if the query has no such text. */
struct text {
	char *data;
	int len;
};

struct dialogue {
	struct text send;
	struct text expect;
};

struct answer {
	char data[4 * EXPECT_MAX];
	size_t len;
};

/* Read one key=value of the query. */
static int
parse_pair(CURL *curl, struct dialogue *dialogue, char *pair)
{
	char *value = strchr(pair, '=');
	struct text *text;

	if (value == NULL)
		return -1;
	*value++ = '\0';
	if (strcmp(pair, "send") == 0)
		text = &dialogue->send;
	else if (strcmp(pair, "expect") == 0)
		text = &dialogue->expect;
	else
		return -1;
	if (text->data != NULL)
		return -1;
	text->data = curl_easy_unescape(curl, value, 0, &text->len);
	return text->data != NULL ? 0 : -1;
}

static int
parse(
    struct session *session, struct dialogue *dialogue, struct verdict *verdict)
{
	char *query = NULL, *path = NULL, *port = NULL, *rest, *pair;
	const char *why = NULL;

	curl_url_get(session->url, CURLUPART_QUERY, &query, 0);
	curl_url_get(session->url, CURLUPART_PATH, &path, 0);
	if (curl_url_get(session->url, CURLUPART_PORT, &port, 0) != CURLUE_OK)
		why = "the port is missing";
	else if (path != NULL && strcmp(path, "/") != 0)
		why = "a path means nothing to tcp";
	for (rest = query; why == NULL && (pair = strsep(&rest, "&")) != NULL;)
		if (parse_pair(session->curl, dialogue, pair) == -1)
			why = "the query may be ?send=TEXT&expect=TEXT";
	if (dialogue->expect.len > EXPECT_MAX)
		why = "what is expected is too long";
	if (why != NULL)
		verdict_set(verdict, CHECK_USAGE, "%s", why);
	curl_free(port);
	curl_free(path);
	curl_free(query);
	return why == NULL ? 0 : -1;
}

/* Wait for the socket.  -1 with errno, ETIMEDOUT if the time is over. */
static int
await(const struct session *session, int fd, short events)
{
	struct pollfd poll_fd = { .fd = fd, .events = events };
	int n;

	do
		n = poll(&poll_fd, 1, check_left_ms(session->check));
	while (n == -1 && errno == EINTR);
	if (n == 0)
		errno = ETIMEDOUT;
	return n == 1 ? 0 : -1;
}

static int
send_all(const struct session *session, int fd, const struct text *text)
{
	int done = 0;
	ssize_t n;

	while (done < text->len) {
		n = send(fd, text->data + done, text->len - done, MSG_NOSIGNAL);
		if (n >= 0)
			done += n;
		else if (errno != EAGAIN || await(session, fd, POLLOUT) == -1)
			return -1;
	}
	return 0;
}

/*
 * Read until the answer has the text.  Returns 1 if it has, 0 at the end of the
 * stream, -1 with errno.  Only the end of a long answer is kept.
 */
static int
await_text(const struct session *session, int fd, const struct text *text,
    struct answer *answer)
{
	size_t keep = sizeof(answer->data) / 2;
	ssize_t n;

	while (
	    memmem(answer->data, answer->len, text->data, text->len) == NULL) {
		if (answer->len == sizeof(answer->data)) {
			memmove(answer->data, answer->data + keep, keep);
			answer->len = keep;
		}
		n = recv(fd, answer->data + answer->len,
		    sizeof(answer->data) - answer->len, 0);
		if (n == 0)
			return 0;
		if (n > 0)
			answer->len += n;
		else if (errno != EAGAIN || await(session, fd, POLLIN) == -1)
			return -1;
	}
	return 1;
}

/* The last bytes of data as printable text. */
static const char *
show(char buf[static SHOWN_MAX + 1], const char *data, size_t len)
{
	size_t skip = len > SHOWN_MAX ? len - SHOWN_MAX : 0, i;

	for (i = skip; i < len; i++)
		buf[i - skip] = isprint((unsigned char)data[i]) ? data[i] : '.';
	buf[len - skip] = '\0';
	return buf;
}

static void
converse(struct session *session, int fd, const struct dialogue *dialogue,
    struct verdict *verdict)
{
	char wanted[SHOWN_MAX + 1], got[SHOWN_MAX + 1], why[128];
	struct answer answer = { .len = 0 };
	int found;

	if (send_all(session, fd, &dialogue->send) == -1) {
		verdict_set(
		    verdict, CHECK_FAILED, "sending: %s", session_errno(errno));
		return;
	}
	if (dialogue->expect.data == NULL) {
		session_passed(session, "connected", verdict);
		return;
	}
	found = await_text(session, fd, &dialogue->expect, &answer);
	if (found == 1) {
		session_passed(session, "expected answer", verdict);
		return;
	}
	if (found == 0)
		snprintf(why, sizeof(why), "closed the connection");
	else if (errno == ETIMEDOUT)
		snprintf(why, sizeof(why), "%ld ms passed",
		    session->check->timeout_ms);
	else
		snprintf(why, sizeof(why), "%s", session_errno(errno));
	show(wanted, dialogue->expect.data, dialogue->expect.len);
	show(got, answer.data, answer.len);
	verdict_set(verdict, CHECK_FAILED, "%s before \"%s\" came%s%s%s", why,
	    wanted, answer.len > 0 ? ", after \"" : "", got,
	    answer.len > 0 ? "\"" : "");
}

void
check_tcp(const struct check *check, struct verdict *verdict)
{
	struct dialogue dialogue = { { NULL, 0 }, { NULL, 0 } };
	struct session session;
	int fd;

	/* libcurl connects only for schemes that it knows. */
	if (session_open(&session, check, check->text, "http", verdict) == 0 &&
	    parse(&session, &dialogue, verdict) == 0 &&
	    (fd = session_connect(&session, verdict)) != -1)
		converse(&session, fd, &dialogue, verdict);
	session_close(&session);
	curl_free(dialogue.send.data);
	curl_free(dialogue.expect.data);
}
