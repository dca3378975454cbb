/* SPDX-License-Identifier: ISC */
/*
 * The newest events.  A line that a kill has cut short is not JSON, and is
 * ignored.
 */
#include "keep/event_log.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"

void
event_log_init(struct event_log *log)
{
	*log = (struct event_log){ .fds = { -1, -1 } };
}

void
event_log_fini(struct event_log *log)
{
	size_t i;

	for (i = 0; i < EVENT_LOG_FILES; i++)
		fd_close(&log->fds[i]);
}

int
event_log_open(struct event_log *log)
{
	size_t i;

	for (i = 0; i < EVENT_LOG_FILES; i++) {
		log->fds[i] = memfd_create("hotswap-events", MFD_CLOEXEC);
		if (log->fds[i] == -1) {
			event_log_fini(log);
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
event_log_adopt(struct event_log *log, const int fds[EVENT_LOG_FILES])
{
	json_int_t last;
	json_t *list;
	size_t i, n;

	memcpy(log->fds, fds, sizeof(log->fds));
	for (i = 0; i < EVENT_LOG_FILES; i++) {
		list = json_array();
		read_file(fds[i], 0, list);
		n = json_array_size(list);
		last = number_of(json_array_get(list, n - 1));
		if (n > 0 && last > log->last) {
			log->last = last;
			log->current = i;
			log->lines = n;
			log->end = lseek(fds[i], 0, SEEK_END);
		}
		json_decref(list);
	}
}

void
event_log_add(struct event_log *log, json_t *object, size_t least)
{
	char *text, *line = NULL;
	int n = -1;

	json_object_set_new(object, "number", json_integer(++log->last));
	if (log->lines >= least) {
		log->current = (log->current + 1) % EVENT_LOG_FILES;
		log->lines = 0;
		log->end = 0;
		if (log->fds[log->current] != -1)
			(void)!ftruncate(log->fds[log->current], 0);
	}
	if (log->fds[log->current] == -1 ||
	    (text = memory_text(object, JSON_COMPACT)) == NULL)
		return;
	/* A newline is also in front: the line before may be torn. */
	n = asprintf(&line, "\n%s\n", text);
	free(text);
	if (n == -1)
		return;
	if (fd_write_at(log->fds[log->current], line, (size_t)n, log->end) == 0)
		log->end += n;
	log->lines++;
	free(line);
}

json_t *
event_log_read(const struct event_log *log, json_int_t after)
{
	json_t *list = json_array();

	read_file(log->fds[(log->current + 1) % EVENT_LOG_FILES], after, list);
	read_file(log->fds[log->current], after, list);
	return list;
}
