/* SPDX-License-Identifier: ISC */
/*
 * Checks of single options.  What depends on the machine (whether a user
 * exists, whether an address can be bound) is found out by the code that uses
 * the option.
 */
#include "config/option_check.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/logfile.h"
#include "config/option.h"
#include "traffic/address.h"
#include "traffic/plan.h"

#define NAME_MAX_LEN   64
#define FDNAME_MAX_LEN 255 /* sd_listen_fds_with_names(3) */
static int
option_check_refuse(const char **why, const char *phrase)
{
	*why = phrase;
	return -1;
}

int
option_check_name(const char *text, const char **why)
{
	size_t len = strlen(text);

	if (len > NAME_MAX_LEN)
		return option_check_refuse(why, "longer than 64 characters");
	if (strspn(text,
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		"0123456789._-") != len)
		return option_check_refuse(why,
		    "has characters other than letters, digits, '.', '_', '-'");
	if (strcmp(text, ".") == 0 || strcmp(text, "..") == 0)
		return option_check_refuse(why, "cannot be a file name");
	return 0;
}

const char *
options_listen_address(const char *text, size_t *name_len)
{
	/* A path or an abstract name may contain a `=`. */
	size_t len = strcspn(text, "=/@");

	*name_len = text[len] == '=' ? len : 0;
	return text[len] == '=' ? text + len + 1 : text;
}

int
option_check_address(const char *text, const char **why)
{
	struct address address;

	return address_parse(&address, text, why);
}

int
option_check_listen(const char *text, const char **why)
{
	struct address address;
	size_t len, i;

	if (address_parse(&address, options_listen_address(text, &len), why) ==
	    -1)
		return -1;
	if (text[0] == '=')
		return option_check_refuse(why, "the name before '=' is empty");
	if (len > FDNAME_MAX_LEN)
		return option_check_refuse(
		    why, "the name before '=' is too long");
	for (i = 0; i < len; i++) {
		if (text[i] == ':' || !isgraph((unsigned char)text[i]))
			return option_check_refuse(why,
			    "the name before '=' has a ':', a space or a "
			    "control character");
	}
	return 0;
}

/* A port, or a text with a placeholder that will become a port. */
static bool
is_port(const char *text, size_t len)
{
	char digits[6];

	if (memchr(text, '{', len) != NULL)
		return true;
	if (len == 0 || len >= sizeof(digits))
		return false;
	strlcpy(digits, text, len + 1);
	return strspn(digits, "0123456789") == len && atoi(digits) >= 1 &&
	    atoi(digits) <= 65535;
}

/* HOST[:PORT], with an IPv6 host in brackets.  *rest points behind it. */
static int
check_authority(
    const char *text, bool need_port, const char **rest, const char **why)
{
	size_t host, port;

	if (text[0] == '[') {
		host = strcspn(text, "]");
		if (host < 3 || text[host++] != ']')
			return option_check_refuse(
			    why, "the host in [] is not complete");
	} else
		host = strcspn(text, ":/?");
	if (host == 0)
		return option_check_refuse(why, "has no host");
	*rest = text + host;
	if (**rest != ':') {
		if (**rest != '\0' && **rest != '/' && **rest != '?')
			return option_check_refuse(
			    why, "has no ':' between host and port");
		return need_port ? option_check_refuse(why, "has no port") : 0;
	}
	port = strcspn(++*rest, "/?");
	if (!is_port(*rest, port))
		return option_check_refuse(
		    why, "the port is not a number up to 65535");
	*rest += port;
	return 0;
}

static int
check_http(const char *text, const char **why)
{
	const char *rest;

	return check_authority(text, false, &rest, why);
}

static int
check_grpc(const char *text, const char **why)
{
	const char *rest;

	if (check_authority(text, true, &rest, why) == -1)
		return -1;
	return *rest == '?'
	    ? option_check_refuse(why, "grpc checks take no '?'")
	    : 0;
}

static int
check_tcp(const char *text, const char **why)
{
	const char *rest;

	if (check_authority(text, true, &rest, why) == -1)
		return -1;
	if (*rest == '/')
		return option_check_refuse(why, "tcp:// takes no path");
	while (*rest != '\0') {
		rest++;
		if (strncmp(rest, "send=", 5) != 0 &&
		    strncmp(rest, "expect=", 7) != 0)
			return option_check_refuse(
			    why, "tcp:// takes only ?send= and expect=");
		rest += strcspn(rest, "&");
	}
	return 0;
}

static int
check_unix(const char *text, const char **why)
{
	const char *form = strchr(text, ':');

	if (text[0] != '/' && text[0] != '@')
		return option_check_refuse(why,
		    "unix: needs an absolute path, or @ and a "
		    "name");
	if (text[1] == '\0' || form == text + 1)
		return option_check_refuse(why, "unix: has no path");
	if (form != NULL && strncmp(form, ":http:/", 7) != 0)
		return option_check_refuse(
		    why, "not unix:PATH or unix:PATH:http:/PATH");
	return 0;
}

const char *
options_command(const char *text, bool *ours)
{
	*ours = text[0] == '+';
	return *ours ? text + 1 + strspn(text + 1, " \t") : text;
}

int
option_check_command(const char *text, const char **why)
{
	bool ours;
	const char *command = options_command(text, &ours);
	size_t len, slash;

	command += strspn(command, " \t");
	/* The kind decides whether the text may be empty. */
	if (command[0] == '\0' && text[0] != '\0')
		return option_check_refuse(why, "has no command");
	/* The first word, as far as it can be found without a shell. */
	command += strspn(command, "\"'");
	len = strcspn(command, " \t\n;&|()<>=");
	slash = strcspn(command, "/");
	if (ours && slash > 0 && slash < len)
		return option_check_refuse(why,
		    "after a + the command needs an absolute path: a relative "
		    "one could be the program's own");
	return 0;
}

static const struct scheme {
	const char *prefix;
	bool is_url; /* no spaces or control characters in it */
	int (*check)(const char *text, const char **why);
} schemes[] = {
	{ "http://", true, check_http },
	{ "https://", true, check_http },
	{ "tcp://", true, check_tcp },
	{ "grpc://", true, check_grpc },
	{ "grpcs://", true, check_grpc },
	{ "unix:", true, check_unix },
	{ "exec:", false, option_check_command },
	{ NULL, false, NULL },
};

int
option_check_health(const char *text, const char **why)
{
	const struct scheme *scheme;
	const char *p;

	for (scheme = schemes; scheme->prefix != NULL; scheme++) {
		if (strncmp(text, scheme->prefix, strlen(scheme->prefix)) == 0)
			break;
	}
	if (scheme->prefix == NULL)
		return option_check_refuse(why,
		    "does not begin with http://, https://, tcp://, "
		    "grpc://, grpcs://, unix: or exec:");
	for (p = text; scheme->is_url && *p != '\0'; p++) {
		if (isspace((unsigned char)*p) || iscntrl((unsigned char)*p))
			return option_check_refuse(
			    why, "has a space (write %20)");
	}
	return scheme->check(text + strlen(scheme->prefix), why);
}

int
option_check_warm(const char *text, const char **why)
{
	if (strncmp(text, "http://", 7) != 0 &&
	    strncmp(text, "https://", 8) != 0)
		return option_check_refuse(
		    why, "does not begin with http:// or https://");
	return option_check_health(text, why);
}

/* An IPv6 check has so many source ports. */
int
option_check_parallel(const char *text, const char **why)
{
	unsigned long n = strtoul(text, NULL, 10);

	/* The kind decides whether the text is a number. */
	if (isdigit((unsigned char)text[0]) && (n < 1 || n > STEER_PORTS))
		return option_check_refuse(why, "must be from 1 to 16");
	return 0;
}

int
option_check_log_max(const char *text, const char **why)
{
	unsigned int bytes;

	if (options_size(text, &bytes) == 0 && bytes > 0 &&
	    bytes < LOGFILE_LINE)
		return option_check_refuse(why, "too small (at least 4K)");
	return 0;
}

int
option_check_env(const char *text, const char **why)
{
	static const char name_characters[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";
	size_t len = strcspn(text, "=");

	if (text[len] == '=')
		return len > 0
		    ? 0
		    : option_check_refuse(why, "has no name before '='");
	/* A name alone takes the value from the supervisor's environment. */
	if (len > 0 && !isdigit((unsigned char)text[0]) &&
	    text[strspn(text, name_characters)] == '\0')
		return 0;
	return option_check_refuse(why, "not K=V");
}

int
option_check_net(const char *text, const char **why)
{
	struct steer_net net;

	if (steer_net_parse(&net, text) == 0)
		return 0;
	return option_check_refuse(
	    why, "not a network (10.1.0.0/16, 2001:db8::/32)");
}

const char *
options_hook_command(const char *text, size_t *event_len)
{
	static const char *const events[] = { "started", "ready", "shifted",
		"promoted", "aborted", "rolled-back", "drained", "retired",
		"crashed" };
	size_t len = strcspn(text, "="), i;

	for (i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
		if (strlen(events[i]) == len &&
		    strncmp(text, events[i], len) == 0 && text[len] == '=') {
			*event_len = len;
			return text + len + 1;
		}
	}
	return NULL;
}

int
option_check_hook(const char *text, const char **why)
{
	const char *command;
	size_t len;

	if ((command = options_hook_command(text, &len)) == NULL)
		return option_check_refuse(why,
		    "not EVENT=COMMAND with started, ready, shifted, "
		    "promoted, aborted, rolled-back, drained, retired or "
		    "crashed as EVENT");
	if (command[0] == '\0')
		return option_check_refuse(why, "has no command behind '='");
	return option_check_command(command, why);
}

int
option_check_ready(const char *text, const char **why)
{
	/* Any other rule is read by the option's kind. */
	if (strncmp(text, "exec:", 5) != 0 || text[5] == '\0')
		return 0;
	return option_check_command(text + 5, why);
}

int
option_check_positive(const char *text, const char **why)
{
	/* The kind decides whether the text is a number. */
	if (isdigit((unsigned char)text[0]) &&
	    strpbrk(text, "123456789") == NULL)
		return option_check_refuse(why, "must be more than 0");
	return 0;
}
