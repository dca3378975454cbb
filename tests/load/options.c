/* SPDX-License-Identifier: ISC */
/*
 * The options of the load client: one table drives getopt and --help.
 * Addresses are written as the supervisor writes them.
 */
#include "options.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <err.h>
#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/param.h>
#include <sysexits.h>

#include "request.h"

enum type { FLAG, NUMBER, TIME, TEXT, BYTES };

struct row {
	const char *name;
	enum type type;
	size_t at;
	const char *help;
};

static const char *source, *version_from;

#define AT(member) offsetof(struct options, member)

static const struct row rows[] = {
	{ "rate", NUMBER, AT(rate),
	    "new connections a second, one request "
	    "each" },
	{ "count", NUMBER, AT(count), "stop after so many of them" },
	{ "kept", NUMBER, AT(kept), "connections that are kept alive" },
	{ "pause", TIME, AT(pause_ns), "between their requests (100ms)" },
	{ "slow", NUMBER, AT(slow), "requests of /slow?ms=T always under way" },
	{ "slow-time", TIME, AT(slow_ns), "that T (3s)" },
	{ "timeout", TIME, AT(timeout_ns),
	    "of a request (5s); slow ones: T "
	    "longer" },
	{ "duration", TIME, AT(duration_ns),
	    "until SIGTERM or SIGINT if not "
	    "given" },
	{ "path", TEXT, AT(path), "of new and kept connections (/)" },
	{ "expect", TEXT, AT(expect), "text that a right body has in it" },
	{ "send", BYTES, AT(send),
	    "this instead of an HTTP request, with %XX escapes" },
	{ "until", BYTES, AT(until), "what an answer to that ends with" },
	{ "anywhere", FLAG, AT(anywhere),
	    "more may follow: a connection has one request" },
	{ "greet", BYTES, AT(greet),
	    "what a new connection sends first; may be empty" },
	{ "greet-until", BYTES, AT(greet_until),
	    "what the answer to that ends with" },
	{ "version-from", TEXT, 0, "header (X-Version) or body" },
	{ "source", TEXT, 0, "client address, or FIRST/N for N in turn" },
	{ "control", TEXT, AT(control),
	    "FIFO, made where missing, or -: lines "
	    "phase NAME, mark NAME, report FILE, "
	    "stop" },
	{ "phase", TEXT, AT(phase), "name of the first phase (calm)" },
	{ "cpu", NUMBER, AT(cpu), "stay on this one" },
	{ "human", FLAG, AT(human), "a table instead of JSON" },
};

#define NROWS (sizeof(rows) / sizeof(rows[0]))

static _Noreturn void
usage(FILE *to, int status)
{
	size_t i;

	fprintf(to,
	    "usage: load [OPTIONS] ADDRESS\n"
	    "ADDRESS: 8080, 127.0.0.1:8080, [::1]:8080, udp:..., "
	    "/run/x.sock, @abstract\n");
	for (i = 0; i < NROWS; i++)
		fprintf(to, "  --%-13s %s\n", rows[i].name, rows[i].help);
	exit(status);
}

static const struct unit {
	const char *name;
	int64_t ns;
} units[] = {
	{ "", 1000000000 },
	{ "us", 1000 },
	{ "ms", 1000000 },
	{ "s", 1000000000 },
	{ "m", 60000000000 },
	{ "h", 3600000000000 },
};

#define NUNITS (sizeof(units) / sizeof(units[0]))

static int64_t
parse_time(const char *name, const char *text)
{
	size_t i;
	char *end;
	double n = strtod(text, &end);

	if (end != text && n >= 0)
		for (i = 0; i < NUNITS; i++)
			if (strcmp(end, units[i].name) == 0)
				return (int64_t)(n * (double)units[i].ns);
	errx(EX_USAGE, "%s: not a time: %s", name, text);
}

static long
parse_number(const char *name, const char *text)
{
	char *end;
	long n = strtol(text, &end, 10);

	if (end == text || *end != '\0' || n < 0)
		errx(EX_USAGE, "%s: not a number: %s", name, text);
	return n;
}

/* Decode %XX in place.  Returns the length, since there may be NULs. */
static size_t
decode(char *text)
{
	char *from = text, *to = text, digits[3] = "";

	for (; *from != '\0'; from++) {
		if (from[0] == '%' && isxdigit((unsigned char)from[1]) &&
		    isxdigit((unsigned char)from[2])) {
			memcpy(digits, from + 1, 2);
			*to++ = (char)strtol(digits, NULL, 16);
			from += 2;
		} else
			*to++ = *from;
	}
	*to = '\0';
	return (size_t)(to - text);
}

static void
set(struct options *o, const struct row *row, char *arg)
{
	char *field = (char *)o + row->at;

	switch (row->type) {
	case FLAG:
		*(bool *)field = true;
		break;
	case NUMBER:
		*(long *)field = parse_number(row->name, arg);
		break;
	case TIME:
		*(int64_t *)field = parse_time(row->name, arg);
		break;
	case TEXT:
		if (strcmp(row->name, "source") == 0)
			source = arg;
		else if (strcmp(row->name, "version-from") == 0)
			version_from = arg;
		else
			*(const char **)field = arg;
		break;
	case BYTES:
		*(struct bytes *)field = (struct bytes){ arg, decode(arg) };
		break;
	}
}

static void
parse_unix(struct options *o, const char *text)
{
	struct sockaddr_un *un = &o->to.un;
	size_t len = strlen(text);

	if (len >= sizeof(un->sun_path))
		errx(EX_USAGE, "too long for a Unix socket: %s", text);
	un->sun_family = AF_UNIX;
	memcpy(un->sun_path, text, len + 1);
	o->to_len = sizeof(*un);
	if (text[0] == '@') {
		un->sun_path[0] = '\0';
		o->to_len =
		    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
	}
}

static socklen_t
parse_host(union name *name, const char *text, size_t len, long port)
{
	char host[INET6_ADDRSTRLEN + 2];

	if (len >= sizeof(host))
		errx(EX_USAGE, "not an address: %s", text);
	memcpy(host, text, len);
	host[len] = '\0';
	if (host[0] == '[' && host[len - 1] == ']') {
		memmove(host, host + 1, len - 2);
		host[len - 2] = '\0';
	}
	if (inet_pton(AF_INET, host, &name->in.sin_addr) == 1) {
		name->in.sin_family = AF_INET;
		name->in.sin_port = htons((uint16_t)port);
		return sizeof(name->in);
	}
	if (inet_pton(AF_INET6, host, &name->in6.sin6_addr) == 1) {
		name->in6.sin6_family = AF_INET6;
		name->in6.sin6_port = htons((uint16_t)port);
		return sizeof(name->in6);
	}
	errx(EX_USAGE, "not an address: %s", text);
}

static void
parse_target(struct options *o, const char *text)
{
	const char *colon;

	o->target = text;
	o->type = SOCK_STREAM;
	if (strncmp(text, "udp:", 4) == 0) {
		o->type = SOCK_DGRAM;
		text += 4;
	}
	if (text[0] == '/' || text[0] == '@') {
		parse_unix(o, text);
		return;
	}
	if ((colon = strrchr(text, ':')) == NULL)
		o->to_len = parse_host(
		    &o->to, "127.0.0.1", 9, parse_number("ADDRESS", text));
	else
		o->to_len = parse_host(&o->to, text, (size_t)(colon - text),
		    parse_number("ADDRESS", colon + 1));
}

static void
parse_source(struct options *o)
{
	size_t len;

	if (source == NULL)
		return;
	len = strcspn(source, "/");
	parse_host(&o->source, source, len, 0);
	if (o->source.sa.sa_family != o->to.sa.sa_family)
		errx(EX_USAGE, "--source: not of the target's family");
	o->nsources = 1;
	if (source[len] == '/')
		o->nsources =
		    (unsigned int)parse_number("source", source + len + 1);
	if (o->nsources > 1 && o->source.sa.sa_family != AF_INET)
		errx(EX_USAGE, "--source: a range is of IPv4 addresses");
}

static void
check_text(struct options *o)
{
	bool stream = o->send.data != NULL && o->type == SOCK_STREAM;

	if (o->send.len > REQUEST_MAX)
		errx(EX_USAGE, "--send: at most %d bytes", REQUEST_MAX);
	if (o->send.data != NULL && o->slow > 0)
		errx(EX_USAGE, "--slow: not with --send");
	if ((o->until.len > 0) != stream)
		errx(EX_USAGE, "--until: with --send over a stream");
	if (o->greet_until.len > 0 && !stream)
		errx(EX_USAGE, "--greet-until: with --send over a stream");
	if (o->greet.data != NULL && o->greet_until.len == 0)
		errx(EX_USAGE, "--greet: with --greet-until");
}

static void
check(struct options *o)
{
	if (version_from != NULL && strcmp(version_from, "body") == 0)
		o->version_from_body = true;
	else if (version_from != NULL && strcmp(version_from, "header") != 0)
		errx(EX_USAGE, "--version-from: header or body");
	if (o->type == SOCK_DGRAM && o->slow > 0)
		errx(EX_USAGE, "--slow: not with datagrams");
	if (o->rate > 1000000)
		errx(EX_USAGE, "--rate: at most 1000000");
	if (o->rate == 0 && o->kept == 0 && o->slow == 0)
		errx(EX_USAGE, "one of --rate, --kept, --slow is needed");
	parse_source(o);
	check_text(o);
}

void
options_parse(struct options *o, int argc, char **argv)
{
	struct option table[NROWS + 2] = { 0 };
	int index = 0, c;
	size_t i;

	*o = (struct options){ .pause_ns = 100000000,
		.slow_ns = 3000000000,
		.timeout_ns = 5000000000,
		.path = "/",
		.phase = "calm",
		.cpu = -1 };
	for (i = 0; i < NROWS; i++)
		table[i] = (struct option){ rows[i].name,
			rows[i].type == FLAG ? no_argument : required_argument,
			NULL, 1 };
	table[i].name = "help";
	while ((c = getopt_long(argc, argv, "", table, &index)) != -1) {
		if (c == 0)
			usage(stdout, 0);
		if (c != 1)
			usage(stderr, EX_USAGE);
		set(o, &rows[index], optarg);
	}
	if (optind != argc - 1)
		usage(stderr, EX_USAGE);
	parse_target(o, argv[optind]);
	check(o);
}
