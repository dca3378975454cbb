/* SPDX-License-Identifier: ISC */
/*
 * The script in the command lines of interpreters.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "process/image_script.h"

#define WORDS 16

static void
the_script_is_the_file_that_the_interpreter_runs(void **state)
{
	/* The script; "": there is none. */
	static const char *const lines[][2] = {
		{ "node app.js --port 80", "app.js" },
		{ "/usr/bin/node --require ./x app.js", "app.js" },
		{ "node --inspect=0 -r x -C y app.js config.json", "app.js" },
		{ "node -e text file", "" }, { "python3 app.py", "app.py" },
		{ "/usr/bin/python3.11 -u -X dev app.py", "app.py" },
		{ "python3 -m http.server", "" },
		{ "python3 -c pass app.py", "" }, { "python3 -", "" },
		{ "sh run.sh", "run.sh" },
		{ "bash -eu -o pipefail run.sh x", "run.sh" },
		{ "sh -c text run.sh", "" }, { "sh -- run.sh", "run.sh" },
		{ "busybox sh run.sh", "run.sh" },
		{ "java -jar app.jar", "app.jar" },
		{ "java -Xmx1g -Da=b -jar app.jar --port 80", "app.jar" },
		{ "java -cp app.jar com.example.Main", "app.jar" },
		{ "java -cp lib.jar -jar app.jar", "app.jar" },
		{ "java Main.java", "Main.java" },
		{ "java -m module/Main", "" },
		{ "ruby3.1 -I lib app.rb", "app.rb" },
		{ "perl -w app.pl", "app.pl" },
		{ "php -d x=y -f app.php", "app.php" },
		{ "php8.2 -S 0.0.0.0:80 router.php", "" },
		{ "deno run --allow-net app.ts", "app.ts" },
		{ "dotnet app.dll", "app.dll" },
		{ "env A=b -u C node app.js", "app.js" },
		{ "env -C /x python3 app.py", "app.py" }, { "env", "" },
		{ "node", "" }, { "./server server.conf", "" },
		{ "nginx -c nginx.conf", "" }, { "shell run.sh", "" },
		{ "sh  run.sh", "" }, /* an empty word */
	};
	char text[128], *argv[WORDS], *rest;
	unsigned int at;
	size_t i, n;

	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		strlcpy(text, lines[i][0], sizeof(text));
		rest = text;
		for (n = 0; n < WORDS - 1 && rest != NULL; n++)
			argv[n] = strsep(&rest, " ");
		argv[n] = NULL;
		at = image_script_find(argv);
		if (strcmp(at != 0 ? argv[at] : "", lines[i][1]) != 0)
			fail_msg("%s: %s, not %s", lines[i][0],
			    at != 0 ? argv[at] : "none", lines[i][1]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
		    the_script_is_the_file_that_the_interpreter_runs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
