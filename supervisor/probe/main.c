/* SPDX-License-Identifier: ISC */
/*
 * hotswap-probe: one health check, one line, one exit status.  It is a program
 * of its own so that no HTTP or TLS code is in the supervisor, for which it
 * makes many checks, each in a child (probe/serve.h).
 */
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include <curl/curl.h>

#include "probe/check.h"
#include "probe/confine.h"
#include "probe/serve.h"
#include "probe/unix.h"
#include "settings.h"

#define TIMEOUT_MS   2000
#define WARM_MAX     10000000
#define PARALLEL_MAX 16
#define SERVE	     "--serve" /* not for people: its stdin is the socket */

static const struct scheme {
	const char *prefix;
	int (*connect)(struct check *, struct verdict *); /* NULL: later */
	check_fn *check;
	check_fn *warm; /* NULL: there is no warm-up of this kind */
	const char *form;
	const char *passes;
} schemes[] = {
	{ "http://", NULL, check_http, check_warm, "http://HOST[:PORT]/PATH",
	    "answered with a status of 200 to 399" },
	{ "https://", NULL, check_http, check_warm, "https://HOST[:PORT]/PATH",
	    "the same; the certificate is not verified" },
	{ "tcp://", NULL, check_tcp, NULL,
	    "tcp://HOST:PORT[?send=TEXT&expect=TEXT]",
	    "connected, and TEXT in the answer" },
	{ "grpc://", NULL, check_grpc, NULL, "grpc://HOST:PORT[/SERVICE]",
	    "grpc.health.v1.Health/Check says SERVING" },
	{ "grpcs://", NULL, check_grpc, NULL, "grpcs://HOST:PORT[/SERVICE]",
	    "the same; the certificate is not verified" },
	{ "unix:", unix_connect, check_unix, NULL, "unix:PATH[:http:/PATH]",
	    "connected, or answered as http" },
};

#define NSCHEMES (sizeof(schemes) / sizeof(schemes[0]))

static const struct option options[] = {
	{ "source", required_argument, NULL, 's' },
	{ "unix-path", required_argument, NULL, 'u' },
	{ "timeout", required_argument, NULL, 't' },
	{ "warm", required_argument, NULL, 'w' },
	{ "parallel", required_argument, NULL, 'p' },
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ NULL, 0, NULL, 0 },
};

static const char usage_line[] =
    "usage: hotswap-probe [--source ADDRESS] [--unix-path PATH]\n"
    "                     [--timeout DURATION] [--warm N [--parallel M]] CHECK\n";

static void
help(void)
{
	size_t i;

	fputs(usage_line, stdout);
	puts("\nA CHECK, and when it passes:");
	for (i = 0; i < NSCHEMES; i++)
		printf("  %-41s %s\n", schemes[i].form, schemes[i].passes);
	puts(
	    "\n  --source ADDRESS      connect from 127.83.0.7, or from "
	    "[::1]:61440-61455\n"
	    "  --unix-path PATH      connect to PATH instead of that in a "
	    "unix: check\n"
	    "  --timeout DURATION    500ms, 10s, 1m; default 2s\n"
	    "  --warm N              N requests instead of one check, http and "
	    "https\n"
	    "  --parallel M          of M connections, 1 to 16; default 1\n"
	    "\nExit status: 0 passed, 1 failed, 64 usage.");
}

/* Milliseconds of `500ms`, `10s`, `5m`, `1h` or bare seconds; or -1. */
static long
duration_parse(const char *text)
{
	static const struct {
		const char *unit;
		long ms;
	} units[] = { { "ms", 1 }, { "s", 1000 }, { "", 1000 }, { "m", 60000 },
		{ "h", 3600000 } };
	char *end;
	long n;
	size_t i;

	if (!isdigit((unsigned char)text[0]))
		return -1;
	n = strtol(text, &end, 10);
	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (strcmp(end, units[i].unit) == 0 && n > 0 &&
		    n <= INT_MAX / units[i].ms)
			return n * units[i].ms;
	return -1;
}

static unsigned int
count_parse(const char *text, unsigned int most)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (!isdigit((unsigned char)text[0]) || *end != '\0' || n < 1 ||
	    n > most)
		errx(CHECK_USAGE, "%s: not a number from 1 to %u", text, most);
	return (unsigned int)n;
}

static void
parse_options(struct check *check, int argc, char **argv)
{
	int c;

	optind = 0; /* begin anew, also in a child, getopt_long(3) */
	while ((c = getopt_long(argc, argv, "+", options, NULL)) != -1) {
		switch (c) {
		case 's':
			if (source_parse(&check->source, optarg) == -1)
				errx(CHECK_USAGE, "%s: not a source address",
				    optarg);
			break;
		case 'u':
			check->unix_path = optarg;
			break;
		case 't':
			check->timeout_ms = duration_parse(optarg);
			if (check->timeout_ms == -1)
				errx(CHECK_USAGE, "%s: not a duration", optarg);
			break;
		case 'w':
			check->warm = count_parse(optarg, WARM_MAX);
			break;
		case 'p':
			check->parallel = count_parse(optarg, PARALLEL_MAX);
			break;
		case 'h':
			help();
			exit(0);
		case 'V':
			puts("hotswap-probe " HOTSWAP_VERSION);
			exit(0);
		default:
			fputs(usage_line, stderr);
			exit(CHECK_USAGE);
		}
	}
	if (optind != argc - 1) {
		fputs(usage_line, stderr);
		exit(CHECK_USAGE);
	}
	check->text = argv[optind];
}

static const struct scheme *
scheme_find(const char *text)
{
	size_t i;

	for (i = 0; i < NSCHEMES; i++)
		if (strncmp(text, schemes[i].prefix,
			strlen(schemes[i].prefix)) == 0)
			return &schemes[i];
	return NULL;
}

/* The line may quote a peer: no control character may reach a terminal. */
static void
disarm(char *line)
{
	for (; *line != '\0'; line++)
		if (iscntrl((unsigned char)*line))
			*line = '?';
}

/*
 * Rights are given up before any data of a peer is read, and, unless a prober
 * has initialized it for all its children, before libcurl is.  libcurl's
 * memory goes with the process: to release it would only cost time.
 */
static void
run(const struct scheme *scheme, struct check *check, struct verdict *verdict)
{
	if (scheme->connect != NULL && scheme->connect(check, verdict) == -1)
		return;
	if (confine_rights(check->timeout_ms, check->parallel) == -1) {
		verdict_set(verdict, CHECK_FAILED,
		    "the prober cannot give up its rights: %s",
		    strerror(errno));
		return;
	}
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		verdict_set(verdict, CHECK_FAILED, "libcurl cannot be set up");
		return;
	}
	if (check->warm == 0)
		scheme->check(check, verdict);
	else
		scheme->warm(check, verdict);
}

static int
make_check(int argc, char **argv)
{
	struct check check = {
		.timeout_ms = TIMEOUT_MS, .sock = -1, .parallel = 1
	};
	struct verdict verdict = { .outcome = CHECK_FAILED };
	const struct scheme *scheme;

	parse_options(&check, argc, argv);
	if ((scheme = scheme_find(check.text)) == NULL)
		errx(CHECK_USAGE, "%s: no such kind of check; see --help",
		    check.text);
	if (check.warm != 0 && scheme->warm == NULL)
		errx(CHECK_USAGE, "%s: --warm is for http:// and https://",
		    check.text);
	signal(SIGPIPE, SIG_IGN);
	prctl(PR_SET_NAME, "hotswap-probe");
	check.start_usec = check_now_usec();
	run(scheme, &check, &verdict);
	disarm(verdict.line);
	if (verdict.outcome == CHECK_PASSED)
		printf("%s\n", verdict.line);
	else
		fprintf(stderr, "%s: %s\n", check.text, verdict.line);
	return verdict.outcome;
}

int
main(int argc, char **argv)
{
	if (argc != 2 || strcmp(argv[1], SERVE) != 0)
		return make_check(argc, argv);
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		errx(CHECK_FAILED, "libcurl cannot be set up");
	confine_prepare();
	return serve(STDIN_FILENO, make_check);
}
