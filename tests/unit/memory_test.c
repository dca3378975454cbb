/* SPDX-License-Identifier: ISC */
/*
 * What is made of JSON while there is no memory is not taken for whole.
 */
#include "base/memory.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#define LONG (32 << 20) /* bytes that malloc gets with mmap(2) */

/* The address space that this process has: no more is to be had. */
static void
allow_no_more(void)
{
	unsigned long pages = 0;
	FILE *file = fopen("/proc/self/statm", "re");
	struct rlimit limit;

	assert_non_null(file);
	assert_int_equal(fscanf(file, "%lu", &pages), 1);
	fclose(file);
	getrlimit(RLIMIT_AS, &limit);
	limit.rlim_cur = pages * (unsigned long)getpagesize();
	assert_int_equal(setrlimit(RLIMIT_AS, &limit), 0);
}

static void
allow_all(void)
{
	struct rlimit limit;

	getrlimit(RLIMIT_AS, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_AS, &limit);
}

/* An object whose one member has a name that is long. */
static json_t *
object_with_long_name(void)
{
	char *name = malloc(LONG + 1);
	json_t *object;

	assert_non_null(name);
	memset(name, 'x', LONG);
	name[LONG] = '\0';
	object = json_pack("{si}", name, 1);
	free(name);
	assert_non_null(object);
	return object;
}

static void
a_text_is_whole_or_not_there(void **state)
{
	json_t *object = object_with_long_name();
	unsigned long before = memory_lacked();
	char *text;

	allow_no_more();
	errno = 0;
	text = memory_text(object, JSON_COMPACT);
	allow_all();
	assert_null(text);
	assert_int_equal(errno, ENOMEM);
	assert_true(memory_lacked() > before);
	text = memory_text(object, JSON_COMPACT);
	assert_non_null(text);
	assert_int_equal(strlen(text), LONG + strlen("{\"\":1}"));
	free(text);
	json_decref(object);
}

static void
what_was_lacked_before_does_not_count(void **state)
{
	json_t *object = json_pack("{ss}", "name", "value");
	char *text = memory_text(object, JSON_COMPACT);

	assert_string_equal(text, "{\"name\":\"value\"}");
	free(text);
	json_decref(object);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_text_is_whole_or_not_there),
		cmocka_unit_test(what_was_lacked_before_does_not_count),
	};

	memory_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
