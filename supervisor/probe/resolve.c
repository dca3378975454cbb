/* SPDX-License-Identifier: ISC */
/*
 * From names to addresses.  getaddrinfo(3) has no time limit and cannot be
 * cancelled, so SIGALRM ends the process.
 */
#include "probe/resolve.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/time.h>
#include <unistd.h>

#include "probe/confine.h"

#define LOCALHOST "localhost"

static char late[512];

static void
tell_late(int signal)
{
	if (write(STDERR_FILENO, late, strlen(late)) == -1)
		_exit(CHECK_FAILED);
	_exit(CHECK_FAILED);
}

/* 0: end the alarm. */
static void
set_alarm(const struct check *check, long ms)
{
	struct itimerval limit = { .it_value = {
				       ms / 1000, ms % 1000 * 1000 } };

	if (ms > 0) {
		snprintf(late, sizeof(late),
		    "%.384s: the host's name was not resolved within %ld ms\n",
		    check->text, check->timeout_ms);
		signal(SIGALRM, tell_late);
	}
	setitimer(ITIMER_REAL, &limit, NULL);
}

/* RFC 6761: localhost means this machine, whatever a name service says. */
static bool
is_localhost(const char *host)
{
	size_t len = strlen(host), n = strlen(LOCALHOST);

	if (len > 0 && host[len - 1] == '.')
		len--;
	return len >= n && strncasecmp(host + len - n, LOCALHOST, n) == 0 &&
	    (len == n || host[len - n - 1] == '.');
}

static void
write_addresses(FILE *out, const struct addrinfo *list)
{
	char text[INET6_ADDRSTRLEN + 16];
	const struct addrinfo *info;

	for (info = list; info != NULL; info = info->ai_next)
		if (getnameinfo(info->ai_addr, info->ai_addrlen, text,
			sizeof(text), NULL, 0, NI_NUMERICHOST) == 0)
			fprintf(out, "%s%s%s%s", info == list ? "" : ",",
			    info->ai_family == AF_INET6 ? "[" : "", text,
			    info->ai_family == AF_INET6 ? "]" : "");
}

/* Print the addresses; false if there are none. */
static bool
look_up(FILE *out, const struct check *check, const char *host)
{
	int family = check->source.family;
	const struct addrinfo hints = { .ai_family = family,
		.ai_socktype = SOCK_STREAM };
	struct addrinfo *list;

	if (is_localhost(host)) {
		fprintf(out, "%s%s%s", family != AF_INET ? "[::1]" : "",
		    family == AF_UNSPEC ? "," : "",
		    family != AF_INET6 ? "127.0.0.1" : "");
		return true;
	}
	confine_to(CONFINE_NAMES);
	set_alarm(check, check_left_ms(check));
	if (getaddrinfo(host, NULL, &hints, &list) != 0)
		list = NULL;
	set_alarm(check, 0);
	if (list == NULL)
		return false;
	write_addresses(out, list);
	freeaddrinfo(list);
	return true;
}

/* HOST:PORT:ADDRESS,... for CURLOPT_RESOLVE; *new*, NULL if none. */
static char *
describe_host(const struct check *check, const char *host, const char *port)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	bool found;

	if (out == NULL)
		return NULL;
	fprintf(out, "%s:%s:", host, port);
	found = look_up(out, check, host);
	if (fclose(out) == EOF || !found) {
		free(text);
		return NULL;
	}
	return text;
}

int
resolve_host(const struct check *check, CURLU *url, struct curl_slist **known,
    struct verdict *verdict)
{
	char *host = NULL, *port = NULL, *text = NULL;

	*known = NULL;
	curl_url_get(url, CURLUPART_HOST, &host, 0);
	curl_url_get(url, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT);
	if (host != NULL && port != NULL)
		text = describe_host(check, host, port);
	if (text != NULL)
		*known = curl_slist_append(NULL, text);
	if (*known == NULL)
		verdict_set(verdict, CHECK_FAILED,
		    "the host's name cannot be resolved");
	curl_free(host);
	curl_free(port);
	free(text);
	return *known != NULL ? 0 : -1;
}
