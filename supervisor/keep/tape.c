/* SPDX-License-Identifier: ISC */
/*
 * The newest events.  A line that a kill has cut short is not JSON, and is
 * ignored.
 */
#include "keep/tape.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"

void
tape_init(struct tape *tape)
{
	*tape = (struct tape){ .fds = { -1, -1 } };
}

void
tape_fini(struct tape *tape)
{
	size_t i;

	for (i = 0; i < TAPE_FILES; i++)
		fd_close(&tape->fds[i]);
}

int
tape_open(struct tape *tape)
{
	size_t i;

	for (i = 0; i < TAPE_FILES; i++) {
		tape->fds[i] = memfd_create("hotswap-events", MFD_CLOEXEC);
		if (tape->fds[i] == -1) {
			tape_fini(tape);
			return -1;
		}
	}
	return 0;
}

static json_int_t
number_of(const json_t *object)
{
	return json_integer_value(json_object_get(object, "number"));
}

/* The whole file as text, *new*; NULL if there is none. */
static char *
read_text(int fd)
{
	struct stat st;
	char *text;

	if (fd == -1 || fstat(fd, &st) == -1 ||
	    (text = calloc(1, (size_t)st.st_size + 1)) == NULL)
		return NULL;
	if (pread(fd, text, (size_t)st.st_size, 0) == st.st_size)
		return text;
	free(text);
	return NULL;
}

/* Append a memfd's objects to a list. */
static void
read_file(int fd, json_int_t after, json_t *list)
{
	char *text = read_text(fd), *rest = text, *line;
	json_t *object;

	while (text != NULL && (line = strsep(&rest, "\n")) != NULL) {
		object = json_loads(line, 0, NULL);
		if (object != NULL && number_of(object) > after)
			json_array_append(list, object);
		json_decref(object);
	}
	free(text);
}

void
tape_adopt(struct tape *tape, const int fds[TAPE_FILES])
{
	json_int_t last;
	json_t *list;
	size_t i, n;

	memcpy(tape->fds, fds, sizeof(tape->fds));
	for (i = 0; i < TAPE_FILES; i++) {
		list = json_array();
		read_file(fds[i], 0, list);
		n = json_array_size(list);
		last = number_of(json_array_get(list, n - 1));
		if (n > 0 && last > tape->last) {
			tape->last = last;
			tape->current = i;
			tape->lines = n;
		}
		json_decref(list);
	}
}

void
tape_add(struct tape *tape, json_t *object, size_t least)
{
	char *text, *line = NULL;
	int n = -1;

	json_object_set_new(object, "number", json_integer(++tape->last));
	if (tape->lines >= least) {
		tape->current = (tape->current + 1) % TAPE_FILES;
		tape->lines = 0;
		if (tape->fds[tape->current] != -1)
			(void)!ftruncate(tape->fds[tape->current], 0);
	}
	if (tape->fds[tape->current] == -1 ||
	    (text = json_dumps(object, JSON_COMPACT)) == NULL)
		return;
	/* A newline is also in front: the line before may be torn. */
	n = asprintf(&line, "\n%s\n", text);
	free(text);
	if (n == -1)
		return;
	lseek(tape->fds[tape->current], 0, SEEK_END);
	(void)!fd_write_all(tape->fds[tape->current], line, (size_t)n);
	tape->lines++;
	free(line);
}

json_t *
tape_read(const struct tape *tape, json_int_t after)
{
	json_t *list = json_array();

	read_file(tape->fds[(tape->current + 1) % TAPE_FILES], after, list);
	read_file(tape->fds[tape->current], after, list);
	return list;
}
