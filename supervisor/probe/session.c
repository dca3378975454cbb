/* SPDX-License-Identifier: ISC */
/*
 * One connection made by libcurl: from where, to where, for how long; and
 * what went wrong, in words for people.
 */
#include "probe/session.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "settings.h"

static const struct {
	CURLcode code;
	const char *words;
} explanations[] = {
	{ CURLE_COULDNT_RESOLVE_HOST, "the host's name cannot be resolved" },
	{ CURLE_GOT_NOTHING, "closed the connection without an answer" },
	{ CURLE_PARTIAL_FILE, "closed the connection before the answer's end" },
};

static int64_t
now_usec(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/*
 * A port of a directed range must be free again at once, so it must not be
 * left in TIME_WAIT: with SO_LINGER 0, socket(7), close(2) resets instead.
 */
static int
forgo_time_wait(void *arg, curl_socket_t fd, curlsocktype purpose)
{
	const struct linger linger = { .l_onoff = 1, .l_linger = 0 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
	return CURL_SOCKOPT_OK;
}

static void
set_source(CURL *curl, const struct source *source)
{
	char interface[sizeof("host!") + sizeof(source->host)];

	if (source->family == AF_UNSPEC)
		return;
	snprintf(interface, sizeof(interface), "host!%s", source->host);
	curl_easy_setopt(curl, CURLOPT_INTERFACE, interface);
	curl_easy_setopt(curl, CURLOPT_IPRESOLVE,
	    source->family == AF_INET ? (long)CURL_IPRESOLVE_V4
				      : (long)CURL_IPRESOLVE_V6);
	if (source->port == 0)
		return;
	curl_easy_setopt(curl, CURLOPT_LOCALPORT, source->port);
	curl_easy_setopt(curl, CURLOPT_LOCALPORTRANGE, source->ports);
	curl_easy_setopt(curl, CURLOPT_SOCKOPTFUNCTION, forgo_time_wait);
}

static void
set_options(struct session *session)
{
	CURL *curl = session->curl;

	curl_easy_setopt(curl, CURLOPT_CURLU, session->url);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, session->error);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, session->check->timeout_ms);
	curl_easy_setopt(
	    curl, CURLOPT_USERAGENT, "hotswap-probe/" HOTSWAP_VERSION);
	curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
	curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
	set_source(curl, &session->check->source);
}

/* The family of an address in a URL; AF_UNSPEC for a name. */
static int
host_family(CURLU *url)
{
	unsigned char address[sizeof(struct in6_addr)];
	int family = AF_UNSPEC;
	char *host;

	if (curl_url_get(url, CURLUPART_HOST, &host, 0) != CURLUE_OK)
		return AF_UNSPEC;
	if (host[0] == '[')
		family = AF_INET6;
	else if (inet_pton(AF_INET, host, address) == 1)
		family = AF_INET;
	curl_free(host);
	return family;
}

/* A URL is taken only as it stands: nothing is guessed. */
static int
set_url(struct session *session, const char *text, const char *scheme,
    struct verdict *verdict)
{
	int wanted = session->check->source.family, family;
	CURLUcode error;

	error = curl_url_set(
	    session->url, CURLUPART_URL, text, CURLU_NON_SUPPORT_SCHEME);
	if (error == CURLUE_OK && scheme != NULL)
		error = curl_url_set(session->url, CURLUPART_SCHEME, scheme, 0);
	if (error != CURLUE_OK) {
		verdict_set(
		    verdict, CHECK_USAGE, "%s", curl_url_strerror(error));
		return -1;
	}
	family = host_family(session->url);
	if (wanted != AF_UNSPEC && family != AF_UNSPEC && family != wanted) {
		verdict_set(verdict, CHECK_FAILED,
		    "cannot be reached from %s; a name such as localhost "
		    "suits both",
		    session->check->source.host);
		return -1;
	}
	return 0;
}

int
session_open(struct session *session, const struct check *check,
    const char *url, const char *scheme, struct verdict *verdict)
{
	memset(session, 0, sizeof(*session));
	session->check = check;
	session->directory = -1;
	session->start_usec = now_usec();
	session->curl = curl_easy_init();
	session->url = curl_url();
	if (session->curl == NULL || session->url == NULL) {
		verdict_set(verdict, CHECK_FAILED, "out of memory");
		return -1;
	}
	if (set_url(session, url, scheme, verdict) == -1)
		return -1;
	set_options(session);
	return 0;
}

/* A path longer than sun_path has room for goes by its open directory. */
static int
shorten(struct session *session, const char *path)
{
	const char *base = strrchr(path, '/');
	char *directory;

	if (base == NULL ||
	    (directory = strndup(path, base - path + 1)) == NULL)
		return -1;
	session->directory = open(directory, O_PATH | O_CLOEXEC);
	free(directory);
	if (session->directory == -1)
		return -1;
	return asprintf(&session->socket_path, "/proc/self/fd/%d%s",
	    session->directory, base);
}

int
session_use_unix(
    struct session *session, const char *path, struct verdict *verdict)
{
	struct sockaddr_un address;
	int ret = 0;

	if (path[0] == '@') {
		curl_easy_setopt(
		    session->curl, CURLOPT_ABSTRACT_UNIX_SOCKET, path + 1);
		return 0;
	}
	if (strlen(path) < sizeof(address.sun_path))
		session->socket_path = strdup(path);
	else
		ret = shorten(session, path);
	if (ret == -1 || session->socket_path == NULL) {
		verdict_set(verdict, CHECK_FAILED, "%s", session_errno(errno));
		return -1;
	}
	curl_easy_setopt(
	    session->curl, CURLOPT_UNIX_SOCKET_PATH, session->socket_path);
	return 0;
}

CURLcode
session_perform(struct session *session)
{
	return curl_easy_perform(session->curl);
}

int
session_connect(struct session *session, struct verdict *verdict)
{
	curl_socket_t fd = CURL_SOCKET_BAD;
	CURLcode code;

	curl_easy_setopt(session->curl, CURLOPT_CONNECT_ONLY, 1L);
	code = session_perform(session);
	if (code == CURLE_OK)
		code = curl_easy_getinfo(
		    session->curl, CURLINFO_ACTIVESOCKET, &fd);
	if (code == CURLE_OK && fd != CURL_SOCKET_BAD)
		return fd;
	verdict_set(
	    verdict, CHECK_FAILED, "%s", session_explain(session, code));
	return -1;
}

void
session_close(struct session *session)
{
	curl_easy_cleanup(session->curl);
	curl_url_cleanup(session->url);
	free(session->socket_path);
	if (session->directory != -1)
		close(session->directory);
}

int
session_left_ms(const struct session *session)
{
	int64_t gone = (now_usec() - session->start_usec) / 1000;

	if (gone >= session->check->timeout_ms)
		return 0;
	return session->check->timeout_ms - gone;
}

void
session_passed(
    struct session *session, const char *what, struct verdict *verdict)
{
	int64_t usec = now_usec() - session->start_usec;
	char *from = NULL;

	curl_easy_getinfo(session->curl, CURLINFO_LOCAL_IP, &from);
	if (from != NULL && from[0] != '\0')
		verdict_set(verdict, CHECK_PASSED, "%s in %.1f ms from %s",
		    what, usec / 1000.0, from);
	else
		verdict_set(verdict, CHECK_PASSED, "%s in %.1f ms", what,
		    usec / 1000.0);
}

const char *
session_errno(int error)
{
	static char words[128];

	snprintf(words, sizeof(words), "%s", strerror(error));
	words[0] = tolower((unsigned char)words[0]);
	return words;
}

const char *
session_explain(struct session *session, CURLcode code)
{
	static char words[256];
	curl_off_t connected = 0;
	long error = 0;
	size_t i;

	if (code == CURLE_OPERATION_TIMEDOUT) {
		curl_easy_getinfo(
		    session->curl, CURLINFO_CONNECT_TIME_T, &connected);
		snprintf(words, sizeof(words), "no %s within %ld ms",
		    connected > 0 ? "answer" : "connection",
		    session->check->timeout_ms);
		return words;
	}
	for (i = 0; i < sizeof(explanations) / sizeof(explanations[0]); i++)
		if (explanations[i].code == code)
			return explanations[i].words;
	curl_easy_getinfo(session->curl, CURLINFO_OS_ERRNO, &error);
	if (code == CURLE_INTERFACE_FAILED) {
		snprintf(words, sizeof(words), "cannot connect from %s: %s",
		    session->check->source.host, session_errno(error));
		return words;
	}
	if (error != 0)
		return session_errno(error);
	return session->error[0] != '\0' ? session->error
					 : curl_easy_strerror(code);
}
