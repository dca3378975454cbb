/* SPDX-License-Identifier: ISC */
/*
 * Addresses: text to address and back, and how addresses relate.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "traffic/address.h"
#include "traffic/steer.h"

#define NELEM(a) (sizeof(a) / sizeof((a)[0]))

static struct address
parse(const char *text)
{
	struct address a;
	const char *why = "";

	if (address_parse(&a, text, &why) == -1)
		fail_msg("%s: %s", text, why);
	return a;
}

static const struct {
	const char *text;
	const char *canonical;
	int type;
	enum address_kind kind;
} good[] = {
	{ "8080", "0.0.0.0:8080", SOCK_STREAM, ADDRESS_INET },
	{ "0", "0.0.0.0:0", SOCK_STREAM, ADDRESS_INET },
	{ "65535", "0.0.0.0:65535", SOCK_STREAM, ADDRESS_INET },
	{ "10.0.0.1:80", "10.0.0.1:80", SOCK_STREAM, ADDRESS_INET },
	{ "[::1]:8080", "[::1]:8080", SOCK_STREAM, ADDRESS_INET },
	{ "[0:0::0]:53", "[::]:53", SOCK_STREAM, ADDRESS_INET },
	{ "[fe80::1%lo]:80", "[fe80::1%1]:80", SOCK_STREAM, ADDRESS_INET },
	{ "[fe80::1%7]:80", "[fe80::1%7]:80", SOCK_STREAM, ADDRESS_INET },
	{ "127.0.0.1%lo:80", "127.0.0.1%lo:80", SOCK_STREAM, ADDRESS_INET },
	{ "0.0.0.0%4000000:80", "0.0.0.0%4000000:80", SOCK_STREAM,
	    ADDRESS_INET },
	{ "[::%1]:80", "[::%lo]:80", SOCK_STREAM, ADDRESS_INET },
	{ "udp:53", "udp:0.0.0.0:53", SOCK_DGRAM, ADDRESS_INET },
	{ "udp:[::]:53", "udp:[::]:53", SOCK_DGRAM, ADDRESS_INET },
	{ "/run/x.sock", "/run/x.sock", SOCK_STREAM, ADDRESS_UNIX },
	{ "udp:/run/log", "udp:/run/log", SOCK_DGRAM, ADDRESS_UNIX },
	{ "@web", "@web", SOCK_STREAM, ADDRESS_ABSTRACT },
	{ "@a\\x00b\\x5c", "@a\\x00b\\x5c", SOCK_STREAM, ADDRESS_ABSTRACT },
	{ "@a b", "@a\\x20b", SOCK_STREAM, ADDRESS_ABSTRACT },
};

static void
text_is_read_and_written_back(void **state)
{
	char text[ADDRESS_STRLEN];
	struct address a, again;
	size_t i;

	for (i = 0; i < NELEM(good); i++) {
		a = parse(good[i].text);
		assert_int_equal(a.type, good[i].type);
		assert_int_equal(address_kind(&a), good[i].kind);
		address_format(&a, text);
		assert_string_equal(text, good[i].canonical);
		again = parse(text);
		assert_true(address_equal(&a, &again));
	}
}

static void
what_is_no_address_is_refused_with_a_word(void **state)
{
	static const char *const bad[] = { "", "x", "65536", "-1", "80 ",
		"99999999999999999999", ":80", "1.2.3:80", "1.2.3.4:", "::1:80",
		"[::1]", "[]:80", "[::1:80", "[::g]:80", "1.2.3.4%:80",
		"[fe80::1%]:80", "[fe80::1%nowhere]:80", "localhost:80",
		"udp:", "@", "@a\\", "@a\\x4", "@\\n", "run/x.sock",
		"[aaaa:aaaa:aaaa:aaaa:aaaa:aaaa:aaaa:aaaa:aaaa:aaaa:aaaa]:1" };
	char path[200];
	struct address a;
	const char *why;
	size_t i;

	for (i = 0; i < NELEM(bad); i++) {
		why = NULL;
		if (address_parse(&a, bad[i], &why) != -1)
			fail_msg("%s was taken", bad[i]);
		assert_non_null(why);
	}
	memset(path, 'p', sizeof(path));
	path[0] = '/';
	path[108] = '\0';
	assert_int_equal(address_parse(&a, path, &why), -1);
	path[107] = '\0';
	assert_int_equal(address_parse(&a, path, &why), 0);
	path[0] = '@';
	path[107] = 'p';
	assert_int_equal(address_parse(&a, path, &why), 0);
	path[108] = 'p';
	path[109] = '\0';
	assert_int_equal(address_parse(&a, path, &why), -1);
}

static void
the_longest_text_fits(void **state)
{
	char text[ADDRESS_STRLEN];
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct address a, again;

	memset(un.sun_path + 1, 0xff, sizeof(un.sun_path) - 1);
	assert_int_equal(
	    address_set(&a, SOCK_DGRAM, (struct sockaddr *)&un, sizeof(un)), 0);
	address_format(&a, text);
	assert_int_equal(strlen(text), 5 + 107 * 4);
	again = parse(text);
	assert_true(address_equal(&a, &again));
}

static void
what_the_kernel_has_is_brought_into_one_form(void **state)
{
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6,
		.sin6_addr = IN6ADDR_LOOPBACK_INIT,
		.sin6_port = htons(80),
		.sin6_flowinfo = 7,
		.sin6_scope_id = 3 };
	struct sockaddr_in v4 = { .sin_family = AF_INET };
	struct sockaddr_un un = { .sun_family = AF_UNIX, .sun_path = "/a" };
	struct sockaddr other = { .sa_family = AF_NETLINK };
	struct address a, b = parse("[::1]:80");

	assert_int_equal(
	    address_set(&a, SOCK_STREAM, (struct sockaddr *)&v6, sizeof(v6)),
	    0);
	assert_true(address_equal(&a, &b));
	memset(v4.sin_zero, 1, sizeof(v4.sin_zero));
	assert_int_equal(
	    address_set(&a, SOCK_STREAM, (struct sockaddr *)&v4, sizeof(v4)),
	    0);
	b = parse("0");
	assert_true(address_equal(&a, &b));
	/* With the NUL, without it, and with bytes after it. */
	b = parse("/a");
	assert_int_equal(
	    address_set(&a, SOCK_STREAM, (struct sockaddr *)&un, 4), 0);
	assert_true(address_equal(&a, &b));
	un.sun_path[5] = 'x';
	assert_int_equal(
	    address_set(&a, SOCK_STREAM, (struct sockaddr *)&un, sizeof(un)),
	    0);
	assert_true(address_equal(&a, &b));

	errno = 0;
	assert_int_equal(
	    address_set(&a, SOCK_STREAM, &other, sizeof(other)), -1);
	assert_int_equal(errno, EAFNOSUPPORT);
	assert_int_equal(
	    address_set(&a, SOCK_STREAM, (struct sockaddr *)&un, 2), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(
	    address_set(&a, SOCK_STREAM, (struct sockaddr *)&v4, 8), -1);
	assert_int_equal(
	    address_set(&a, SOCK_RAW, (struct sockaddr *)&v4, sizeof(v4)), -1);
	assert_int_equal(
	    address_set(&a, SOCK_STREAM, (struct sockaddr *)&v4, 0), -1);
}

static void
overlaps_are_seen_from_both_sides(void **state)
{
	static const struct {
		const char *a, *b;
		bool overlaps;
	} pairs[] = {
		{ "80", "0.0.0.0:80", true },
		{ "80", "81", false },
		{ "80", "udp:80", false },
		{ "80", "10.0.0.1:80", true },
		{ "10.0.0.1:80", "10.0.0.2:80", false },
		{ "[::]:80", "80", true },
		{ "[::]:80", "10.0.0.1:80", true },
		{ "[::]:80", "[::1]:80", true },
		{ "[::1]:80", "[::2]:80", false },
		{ "[::1]:80", "80", false },
		{ "[::1]:80", "127.0.0.1:80", false },
		{ "[::ffff:10.0.0.1]:80", "10.0.0.1:80", true },
		{ "[::ffff:10.0.0.1]:80", "80", true },
		{ "[::ffff:10.0.0.1]:80", "10.0.0.2:80", false },
		{ "0.0.0.0%1:80", "0.0.0.0%2:80", false },
		{ "0.0.0.0%1:80", "127.0.0.1%2:80", false },
		{ "0.0.0.0%1:80", "127.0.0.1%1:80", true },
		{ "0.0.0.0%1:80", "80", true },
		{ "/a", "/a", true },
		{ "/a", "/b", false },
		{ "/a", "@a", false },
		{ "/a", "0", false },
	};
	struct address a, b;
	size_t i;

	for (i = 0; i < NELEM(pairs); i++) {
		a = parse(pairs[i].a);
		b = parse(pairs[i].b);
		if (address_overlaps(&a, &b) != pairs[i].overlaps ||
		    address_overlaps(&b, &a) != pairs[i].overlaps)
			fail_msg("%s, %s", pairs[i].a, pairs[i].b);
	}
}

static void
wildcards_are_reached_on_the_loopback(void **state)
{
	static const struct {
		const char *listening, *reach;
		bool wildcard;
	} rows[] = {
		{ "80", "127.0.0.1:80", true },
		{ "udp:80", "udp:127.0.0.1:80", true },
		{ "[::]:80", "[::1]:80", true },
		{ "10.0.0.1:80", "10.0.0.1:80", false },
		{ "[fe80::1%1]:80", "[fe80::1%1]:80", false },
		{ "/a", "/a", false },
	};
	char text[ADDRESS_STRLEN];
	struct address a, reach;
	size_t i;

	for (i = 0; i < NELEM(rows); i++) {
		a = parse(rows[i].listening);
		assert_int_equal(address_is_wildcard(&a), rows[i].wildcard);
		address_reach(&a, &reach);
		address_format(&reach, text);
		assert_string_equal(text, rows[i].reach);
	}
}

static void
directed_sources_name_the_generation(void **state)
{
	static const struct {
		const char *listening;
		bool v6only;
		unsigned int generation, n;
		const char *source;
	} rows[] = {
		{ "80", false, 7, 0, "127.83.0.7:0" },
		{ "10.0.0.1:80", false, 258, 0, "127.83.1.2:0" },
		{ "80", false, 65536 + 5, 0, "127.83.0.5:0" },
		{ "udp:80", false, 1, 0, "udp:127.83.0.1:0" },
		{ "[::]:80", false, 7, 0, "127.83.0.7:0" },
		{ "[::ffff:10.0.0.1]:80", false, 7, 0, "127.83.0.7:0" },
		{ "[::]:80", true, 7, 0, "[::1]:61552" },
		{ "[::1]:80", false, 7, 15, "[::1]:61567" },
		{ "[::1]:80", false, 255, 15, "[::1]:65535" },
		{ "[::1]:80", false, 256, 0, "[::1]:61440" },
	};
	char text[ADDRESS_STRLEN];
	struct address a, source;
	size_t i;

	for (i = 0; i < NELEM(rows); i++) {
		a = parse(rows[i].listening);
		assert_int_equal(address_directed(&a, rows[i].v6only,
				     rows[i].generation, rows[i].n, &source),
		    0);
		address_format(&source, text);
		assert_string_equal(text, rows[i].source);
	}
	a = parse("80");
	assert_int_equal(address_directed(&a, false, 1, 1, &source), -1);
	assert_int_equal(errno, ERANGE);
	a = parse("[::1]:80");
	assert_int_equal(
	    address_directed(&a, false, 1, STEER_PORTS, &source), -1);
	assert_int_equal(errno, ERANGE);
	a = parse("/a");
	assert_int_equal(address_directed(&a, false, 1, 0, &source), -1);
	assert_int_equal(errno, EAFNOSUPPORT);
	assert_int_equal(address_port(&a), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_is_read_and_written_back),
		cmocka_unit_test(what_is_no_address_is_refused_with_a_word),
		cmocka_unit_test(the_longest_text_fits),
		cmocka_unit_test(what_the_kernel_has_is_brought_into_one_form),
		cmocka_unit_test(overlaps_are_seen_from_both_sides),
		cmocka_unit_test(wildcards_are_reached_on_the_loopback),
		cmocka_unit_test(directed_sources_name_the_generation),
	};

	return cmocka_run_group_tests_name("address", tests, NULL, NULL);
}
