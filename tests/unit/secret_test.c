/* SPDX-License-Identifier: ISC */
/*
 * What may be secret leaves a text, and all else stays.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "base/secret.h"

static void
passwords_and_queries_leave_urls(void **state)
{
	static const char *const texts[][2] = {
		{ "", "" },
		{ "no URL? a@b", "no URL? a@b" },
		{ "http://h:1/p", "http://h:1/p" },
		{ "http://u:p@h:1/p", "http://h:1/p" },
		{ "http://u:p@q@h/p", "http://h/p" },
		{ "http://h/p?t=s", "http://h/p" },
		{ "http://h?t=s@x", "http://h" },
		{ "http://h/a@b", "http://h/a@b" },
		{ "http://h/p?t=s: answered 404 a?b",
		    "http://h/p: answered 404 a?b" },
		{ "x http://u@h/?a:b:: y http://h/#f, z",
		    "x http://h/:: y http://h/, z" },
		{ "http://h/?", "http://h/" },
		{ "://@?", "://" },
		{ "\"http://h/?a\"", "\"http://h/\"" },
	};
	char text[128];
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		strlcpy(text, texts[i][0], sizeof(text));
		secret_hide(text);
		assert_string_equal(text, texts[i][1]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(passwords_and_queries_leave_urls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
