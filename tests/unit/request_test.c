/* SPDX-License-Identifier: ISC */
/*
 * Requests at the exporter: what is understood, refused, and kept open.
 */
#include "exporter/request.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define GET "GET /metrics HTTP/1.1\n"

/* Lines are ended by \n here; the empty one ends the request. */
static const struct {
	const char *text;
	unsigned int status;
	const char *path;
	bool keep;
} cases[] = {
	{ GET "Host: x\n\n", 0, "/metrics", true },
	{ "\n" GET "host:x\n\n", 0, "/metrics", true },
	{ GET "Host: x\nConnection: close\n\n", 0, "/metrics", false },
	{ GET "Host: x\nConnection: a ,CLOSE\n\n", 0, "/metrics", false },
	{ GET "Host: x\nContent-Length: 5\n\n", 0, "/metrics", false },
	{ GET "Host: x\nContent-Length: 00\n\n", 0, "/metrics", true },
	{ GET "Host: x\nTransfer-Encoding: chunked\n\n", 0, "/metrics", false },
	{ "HEAD / HTTP/1.0\n\n", 0, "/", false },
	{ "GET / HTTP/1.0\nConnection: keep-alive\n\n", 0, "/", true },
	{ "GET /?a=/b HTTP/1.0\n\n", 0, "/", false },
	{ "GET http://x:9/metrics?y HTTP/1.0\n\n", 0, "/metrics", false },
	{ "GET HTTP://x HTTP/1.0\n\n", 0, "/", false },
	{ "GET /0123456789012345678901234567890123456789 HTTP/1.0\n\n", 0,
	    "/012345678901234567890123456789", false },
	{ GET "\n", 400, NULL, false },
	{ GET "Host: x\nHost: y\n\n", 400, NULL, false },
	{ GET "Host: x\n folded\n\n", 400, NULL, false },
	{ GET "Host : x\n\n", 400, NULL, false },
	{ GET "no colon\n\n", 400, NULL, false },
	{ GET ": empty\n\n", 400, NULL, false },
	{ GET "Content-Length: -1\n\n", 400, NULL, false },
	{ GET "Content-Length:\n\n", 400, NULL, false },
	{ "GET\n\n", 400, NULL, false },
	{ "GET /\n\n", 400, NULL, false },
	{ "GET  / HTTP/1.1\n\n", 400, NULL, false },
	{ "GET / HTTP/1.10\n\n", 400, NULL, false },
	{ "GET / http/1.1\n\n", 400, NULL, false },
	{ "PRI * HTTP/2.0\n\n", 505, NULL, false },
	{ "\x16\x03\x01 \x01\n\n", 400, NULL, false },
};

static bool
take_all(struct request *request, const char *text)
{
	size_t length;

	for (; *text != '\0'; text += length + 1) {
		length = strcspn(text, "\n");
		if (request_take(request, text, length))
			return true;
	}
	return false;
}

static void
requests_are_read(void **state)
{
	struct request request;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		memset(&request, 0, sizeof(request));
		assert_true(take_all(&request, cases[i].text));
		assert_int_equal(request.status, cases[i].status);
		assert_int_equal(request.keep, cases[i].keep);
		if (cases[i].path != NULL)
			assert_string_equal(request.path, cases[i].path);
	}
}

static void
a_part_is_no_request(void **state)
{
	struct request request = { 0 };

	assert_false(take_all(&request, GET "Host: x\nAccept: y\n"));
	assert_int_equal(request.status, 0);
	assert_true(request.get);
}

static void
a_nul_byte_is_refused(void **state)
{
	struct request request = { 0 };

	assert_true(request_take(&request, "GET /\0 HTTP/1.1", 15));
	assert_int_equal(request.status, 400);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_are_read),
		cmocka_unit_test(a_part_is_no_request),
		cmocka_unit_test(a_nul_byte_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
