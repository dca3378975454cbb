/* SPDX-License-Identifier: ISC */
/*
 * The command lines of interpreters, as far as it takes to find the script.
 */
#include "process/image_script.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/*
 * valued: options whose value is the next word.  textual: options that give
 * what is run otherwise than as a file, or as no file.  filed: options whose
 * value is the file.  archived: the same, unless the file is named later.
 * commands: words before the file.  All between spaces.
 */
static const struct interpreter {
	const char *name; /* without a version */
	const char *valued;
	const char *textual;
	const char *filed;
	const char *archived;
	const char *commands;
} interpreters[] = {
	{ "sh", " -o +o ", " -c -s ", "", "", "" },
	{ "ash", " -o +o ", " -c -s ", "", "", "" },
	{ "dash", " -o +o ", " -c -s ", "", "", "" },
	{ "bash", " -o +o -O +O --rcfile --init-file ", " -c -s ", "", "", "" },
	{ "ksh", " -o +o ", " -c -s ", "", "", "" },
	{ "zsh", " -o +o ", " -c -s ", "", "", "" },
	{ "busybox", "", " -c ", "", "", " sh ash " },
	{ "python", " -W -X --check-hash-based-pycs ", " -c -m ", "", "", "" },
	{ "pypy", " -W -X ", " -c -m ", "", "", "" },
	{ "node",
	    " -r --require --import --loader --experimental-loader -C "
	    "--conditions --env-file --title --icu-data-dir ",
	    " -e --eval -p --print -c --check ", "", "", "" },
	{ "nodejs", " -r --require --import --loader -C --conditions ",
	    " -e --eval -p --print -c --check ", "", "", "" },
	{ "deno", " --config -c --import-map ", " eval repl ", "", "",
	    " run serve " },
	{ "bun", " -r --preload --cwd -c --config ", " -e ", "", "", " run " },
	{ "java",
	    " -p --module-path --add-modules "
	    "--add-opens --add-exports --add-reads --upgrade-module-path ",
	    " -m --module ", " -jar ", " -cp -classpath --class-path ", "" },
	{ "ruby", " -I -r -C -E -W ", " -e -n -p ", "", "", "" },
	{ "perl", " -I ", " -e -E ", "", "", "" },
	{ "php", " -d -c -t -z ", " -r -S ", " -f --file ", "", "" },
	{ "lua", " -l ", " -e ", "", "", "" },
	{ "luajit", " -l -j ", " -e ", "", "", "" },
	{ "tclsh", " -encoding ", "", "", "", "" },
	{ "guile", " -L -C -l ", " -c ", " -s ", "", "" },
	{ "Rscript", "", " -e ", "", "", "" },
	{ "dotnet", " --additionalprobingpath --depsfile --runtimeconfig ", "",
	    "", "", " exec " },
	{ "mono", "", "", "", "", "" },
};

static bool
is_in(const char *words, const char *word)
{
	size_t length = strlen(word);
	const char *at;

	for (at = words; length > 0 && (at = strstr(at, word)) != NULL; at++)
		if (at > words && at[-1] == ' ' && at[length] == ' ')
			return true;
	return false;
}

/* `python3.11` is python. */
static const struct interpreter *
find_interpreter(const char *program)
{
	const char *base = strrchr(program, '/');
	size_t length, i;

	base = base != NULL ? base + 1 : program;
	length = strlen(base);
	while (length > 0 && strchr("0123456789.-", base[length - 1]) != NULL)
		length--;
	for (i = 0; i < sizeof(interpreters) / sizeof(interpreters[0]); i++)
		if (strlen(interpreters[i].name) == length &&
		    strncmp(interpreters[i].name, base, length) == 0)
			return &interpreters[i];
	return NULL;
}

/* env(1) executes the first word that is no option and sets no variable. */
static unsigned int
skip_env(char *const *argv)
{
	const char *base = strrchr(argv[0], '/');
	unsigned int i = 0;

	if (strcmp(base != NULL ? base + 1 : argv[0], "env") != 0)
		return 0;
	for (i = 1; argv[i] != NULL; i++) {
		if (is_in(" -u -C --unset --chdir ", argv[i]) &&
		    argv[i + 1] != NULL)
			i++;
		else if (argv[i][0] != '-' && strchr(argv[i], '=') == NULL)
			break;
	}
	return i;
}

unsigned int
image_script_find(char *const *argv)
{
	unsigned int i = skip_env(argv), archive = 0;
	const struct interpreter *of;

	if (argv[i] == NULL || (of = find_interpreter(argv[i])) == NULL)
		return 0;
	for (i++; argv[i] != NULL; i++) {
		if (is_in(of->textual, argv[i]) || strcmp(argv[i], "-") == 0)
			return 0;
		if (is_in(of->filed, argv[i]))
			return argv[i + 1] != NULL ? i + 1 : 0;
		if (is_in(of->archived, argv[i]) && argv[i + 1] != NULL)
			archive = ++i;
		else if (is_in(of->valued, argv[i]) && argv[i + 1] != NULL)
			i++;
		else if (strcmp(argv[i], "--") == 0)
			return argv[i + 1] != NULL ? i + 1 : 0;
		else if (argv[i][0] != '-' && argv[i][0] != '+' &&
		    !is_in(of->commands, argv[i]))
			return archive != 0 ? archive : i;
	}
	return 0;
}
