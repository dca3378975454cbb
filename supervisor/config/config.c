/* SPDX-License-Identifier: ISC */
/*
 * The configuration file: one JSON object.  A fault is reported with its line
 * and column.  jansson knows these for syntax only; for keys and values the
 * text, which is known to be JSON by then, is walked once more.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fd.h"
#include "base/strings.h"
#include "config/option_apply.h"
#include "config/options.h"

#define CONFIG_MAX     (1024 * 1024)
#define PATH_SHOWN_MAX 200 /* of a path; the end of a long path says more */

/* A place in the text.  Columns count characters, from 1. */
struct place {
	const char *p;
	unsigned int line;
	unsigned int column;
};

static void
step(struct place *at)
{
	if (*at->p == '\n') {
		at->line++;
		at->column = 1;
	} else if (((unsigned char)at->p[1] & 0xc0) != 0x80)
		at->column++;
	at->p++;
}

/* Go to the next byte that is none of these bytes. */
static void
skip(struct place *at, const char *bytes)
{
	while (*at->p != '\0' && strchr(bytes, *at->p) != NULL)
		step(at);
}

static void
skip_string(struct place *at)
{
	for (step(at); *at->p != '"' && *at->p != '\0'; step(at)) {
		if (*at->p == '\\')
			step(at);
	}
	if (*at->p != '\0')
		step(at);
}

/* Step over one value, however deeply it nests. */
static void
skip_value(struct place *at)
{
	unsigned int depth = 0;

	do {
		skip(at, depth > 0 ? " \t\r\n,:" : " \t\r\n");
		switch (*at->p) {
		case '"':
			skip_string(at);
			break;
		case '{':
		case '[':
			depth++;
			step(at);
			break;
		case '}':
		case ']':
			depth--;
			step(at);
			break;
		default:
			while (*at->p != '\0' &&
			    strchr(" \t\r\n,:]}", *at->p) == NULL)
				step(at);
		}
	} while (depth > 0 && *at->p != '\0');
}

/* Go to the n-th member of the object, or the n-th element of the list. */
static void
place_enter(struct place *at, size_t n, bool keyed)
{
	step(at);
	for (;;) {
		skip(at, " \t\r\n,");
		if (n-- == 0 || *at->p == '\0')
			break;
		if (keyed) {
			skip_string(at);
			skip(at, " \t\r\n:");
		}
		skip_value(at);
	}
}

/* jansson keeps the keys in order: the n-th key is the n-th in the text. */
static size_t
member_index(json_t *object, const char *key)
{
	const char *name;
	json_t *value;
	size_t n = 0;

	json_object_foreach (object, name, value) {
		if (strcmp(name, key) == 0)
			break;
		n++;
	}
	return n;
}

static struct place
find_fault(const char *text, json_t *object, const struct option_fault *fault)
{
	struct place at = { .p = text, .line = 1, .column = 1 };

	skip(&at, " \t\r\n");
	if (fault->key == NULL)
		return at;
	place_enter(&at, member_index(object, fault->key), true);
	if (fault->in_key)
		return at;
	skip_string(&at);
	skip(&at, " \t\r\n:");
	if (fault->element != -1)
		place_enter(&at, fault->element, false);
	return at;
}

/* Put `PATH:LINE:COLUMN: ` before the message. */
static void
prefix(const char *path, unsigned int line, unsigned int column, char *why,
    size_t size)
{
	char message[OPTIONS_WHY];
	size_t len = strlen(path);

	if (len > PATH_SHOWN_MAX)
		path += len - PATH_SHOWN_MAX;
	strlcpy(message, why, sizeof(message));
	if (line > 0)
		snprintf(why, size, "%s:%u:%u: %.*s", path, line, column,
		    (int)size / 2, message);
	else
		snprintf(why, size, "%s: %.*s", path, (int)size / 2, message);
	/* The message is one line, even if it quotes several. */
	while ((why = strchr(why, '\n')) != NULL)
		*why = ' ';
}

/* The program and its arguments; *new* in *program. */
static int
take_program(const json_t *list, char ***program, struct option_fault *fault,
    char *why, size_t size)
{
	const json_t *element;
	size_t i;

	*fault = (struct option_fault){ .key = "program", .element = -1 };
	if (!json_is_array(list) || json_array_size(list) == 0) {
		strlcpy(why,
		    "program: not a list of the program and its arguments",
		    size);
		return -1;
	}
	*program = calloc(json_array_size(list) + 1, sizeof(**program));
	if (*program == NULL)
		goto nomem;
	json_array_foreach (list, i, element) {
		fault->element = i;
		if (!json_is_string(element)) {
			strlcpy(why, "program: not a string", size);
			return -1;
		}
		(*program)[i] = strdup(json_string_value(element));
		if ((*program)[i] == NULL)
			goto nomem;
	}
	return 0;
nomem:
	strlcpy(why, "out of memory", size);
	return -1;
}

/* Set all options of the object.  After a fault the caller releases them. */
static int
take_all(struct options *options, json_t *object, char ***program,
    struct option_fault *fault, char *why, size_t size)
{
	json_t *list = json_object_get(object, "program");

	*fault = (struct option_fault){ .key = NULL };
	if (!json_is_object(object)) {
		strlcpy(why, "not a JSON object", size);
		return -1;
	}
	if (json_object_get(object, "config") != NULL) {
		*fault =
		    (struct option_fault){ .key = "config", .in_key = true };
		strlcpy(why,
		    "config: a configuration file cannot have this "
		    "option",
		    size);
		return -1;
	}
	if (list != NULL && take_program(list, program, fault, why, size) == -1)
		return -1;
	return options_apply(
	    options, object, "program", false, fault, why, size);
}

int
options_load(struct options *options, const char *path, char ***program,
    char *why, size_t size)
{
	struct option_fault fault;
	json_error_t error;
	json_t *object = NULL;
	struct place at;
	int status = -1;
	size_t len;
	char *text;

	*program = NULL;
	if ((text = fd_read_file(path, CONFIG_MAX, &len)) == NULL) {
		strlcpy(why, strerror(errno), size);
		prefix(path, 0, 0, why, size);
		return -1;
	}
	object = json_loadb(text, len, JSON_REJECT_DUPLICATES, &error);
	if (object == NULL) {
		strlcpy(why, error.text, size);
		prefix(path, error.line, error.column, why, size);
		goto out;
	}
	status = take_all(options, object, program, &fault, why, size);
	if (status == -1) {
		at = find_fault(text, object, &fault);
		prefix(path, at.line, at.column, why, size);
		strings_free(*program);
		*program = NULL;
	}
out:
	json_decref(object);
	free(text);
	return status;
}
