/* SPDX-License-Identifier: ISC */
/*
 * One connection by libcurl: its source, target and time, and its failure as a
 * text for people.
 */
#include "probe/session.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "probe/confine.h"
#include "probe/resolve.h"
#include "settings.h"

static const struct {
	CURLcode code;
	const char *words;
} explanations[] = {
	{ CURLE_COULDNT_RESOLVE_HOST, "the host's name cannot be resolved" },
	{ CURLE_GOT_NOTHING, "closed the connection without an answer" },
	{ CURLE_PARTIAL_FILE, "closed the connection before the answer's end" },
};

/*
 * A port of a directed range must be free again at once and not stay in
 * TIME_WAIT: with SO_LINGER 0, socket(7), close(2) resets the connection.
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

/* Returns the connected socket, so that libcurl opens none. */
static curl_socket_t
hand_over(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	const struct session *session = arg;

	return session->check->sock;
}

static int
say_connected(void *arg, curl_socket_t fd, curlsocktype purpose)
{
	return CURL_SOCKOPT_ALREADY_CONNECTED;
}

static int
keep_open(void *arg, curl_socket_t fd)
{
	return 0;
}

static void
set_options(struct session *session)
{
	CURL *curl = session->curl;

	curl_easy_setopt(curl, CURLOPT_CURLU, session->url);
	curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, session->error);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	curl_easy_setopt(
	    curl, CURLOPT_USERAGENT, "hotswap-probe/" HOTSWAP_VERSION);
	curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L);
	curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L);
	if (session->check->sock == -1) {
		set_source(curl, &session->check->source);
		return;
	}
	/* libcurl resolves no name if it has a Unix socket's path. */
	curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, "connected");
	curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, hand_over);
	curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, session);
	curl_easy_setopt(curl, CURLOPT_CLOSESOCKETFUNCTION, keep_open);
	curl_easy_setopt(curl, CURLOPT_SOCKOPTFUNCTION, say_connected);
}

int
session_host_family(const struct session *session)
{
	unsigned char address[sizeof(struct in6_addr)];
	int family = AF_UNSPEC;
	char *host;

	if (curl_url_get(session->url, CURLUPART_HOST, &host, 0) != CURLUE_OK)
		return AF_UNSPEC;
	if (host[0] == '[')
		family = AF_INET6;
	else if (inet_pton(AF_INET, host, address) == 1)
		family = AF_INET;
	curl_free(host);
	return family;
}

/* A URL must have its scheme: libcurl guesses nothing. */
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
	family = session_host_family(session);
	if (wanted != AF_UNSPEC && family != AF_UNSPEC && family != wanted) {
		verdict_set(verdict, CHECK_FAILED,
		    "cannot be reached from %s; a name such as localhost "
		    "suits both",
		    session->check->source.host);
		return -1;
	}
	return 0;
}

/* A host that is an address is not looked up. */
static int
resolve_and_confine(struct session *session, struct verdict *verdict)
{
	const struct check *check = session->check;
	int r = 0;

	if (check->sock == -1 && session_host_family(session) == AF_UNSPEC) {
		r = resolve_host(check, session->url, &session->known, verdict);
		curl_easy_setopt(
		    session->curl, CURLOPT_RESOLVE, session->known);
	}
	confine_to(check->sock != -1 ? CONFINE_CONNECTED : CONFINE_NETWORK);
	return r;
}

int
session_open(struct session *session, const struct check *check,
    const char *url, const char *scheme, struct verdict *verdict)
{
	memset(session, 0, sizeof(*session));
	session->check = check;
	session->curl = curl_easy_init();
	session->url = curl_url();
	if (session->curl == NULL || session->url == NULL) {
		verdict_set(verdict, CHECK_FAILED, "out of memory");
		return -1;
	}
	if (set_url(session, url, scheme, verdict) == -1)
		return -1;
	set_options(session);
	if (resolve_and_confine(session, verdict) == -1)
		return -1;
	session->start_usec =
	    check->sock != -1 ? check->start_usec : check_now_usec();
	return 0;
}

CURLcode
session_perform(struct session *session)
{
	long left = check_left_ms(session->check);

	/* 0 would mean no limit. */
	curl_easy_setopt(
	    session->curl, CURLOPT_TIMEOUT_MS, left > 0 ? left : 1L);
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
	curl_slist_free_all(session->known);
}

void
session_passed(
    struct session *session, const char *what, struct verdict *verdict)
{
	int64_t usec = check_now_usec() - session->start_usec;
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
