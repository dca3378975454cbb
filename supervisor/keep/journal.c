/* SPDX-License-Identifier: ISC */
/*
 * The journal.  Only what could not be written yet is in memory, because a
 * history is long and rarely read.
 */
#include "keep/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/memory.h"

struct journal {
	char *path, *old;
	off_t limit;	   /* bytes of the file; 0: none */
	json_t *unwritten; /* array, oldest first */
};

static void
trim(json_t *entries, size_t most)
{
	while (json_array_size(entries) > most)
		json_array_remove(entries, 0);
}

static void
read_lines(FILE *file, json_t *entries)
{
	json_t *entry;
	char *line = NULL;
	size_t room = 0;
	ssize_t len;

	while ((len = getline(&line, &room, file)) != -1) {
		entry = json_loadb(line, len, 0, NULL);
		if (json_is_object(entry))
			json_array_append(entries, entry);
		json_decref(entry);
		trim(entries, JOURNAL_MAX);
	}
	free(line);
}

/* -1 with errno. */
static int
read_file(const char *path, json_t *entries)
{
	FILE *file = fopen(path, "re");
	int saved, result;

	if (file == NULL)
		return -1;
	read_lines(file, entries);
	saved = errno;
	result = ferror(file) ? -1 : 0;
	fclose(file);
	errno = saved;
	return result;
}

/* *New*; NULL with ENOMEM. */
static char *
old_path(const char *path)
{
	char *old;

	return asprintf(&old, "%s" JOURNAL_OLD, path) != -1 ? old : NULL;
}

json_t *
journal_read(const char *path)
{
	json_t *entries = json_array();
	char *old = old_path(path);
	int saved;

	if (old != NULL)
		(void)!read_file(old, entries);
	free(old);
	if (read_file(path, entries) == 0)
		return entries;
	saved = errno;
	json_decref(entries);
	errno = saved;
	return NULL;
}

struct journal *
journal_open(const char *path, off_t limit)
{
	struct journal *journal;

	if ((journal = calloc(1, sizeof(*journal))) == NULL)
		return NULL;
	journal->path = strdup(path);
	journal->old = old_path(path);
	journal->limit = limit;
	journal->unwritten = json_array();
	if (journal->path == NULL || journal->old == NULL ||
	    journal->unwritten == NULL) {
		journal_close(journal);
		errno = ENOMEM;
		return NULL;
	}
	return journal;
}

void
journal_close(struct journal *journal)
{
	if (journal == NULL)
		return;
	free(journal->path);
	free(journal->old);
	json_decref(journal->unwritten);
	free(journal);
}

/* The lines of the entries that are not in the file yet; *new*. */
static char *
render(const struct journal *journal, size_t *len)
{
	size_t n = json_array_size(journal->unwritten), i;
	bool failed = false;
	char *text = NULL;
	FILE *out;

	if ((out = open_memstream(&text, len)) == NULL)
		return NULL;
	for (i = 0; i < n && !failed; i++)
		failed = json_dumpf(json_array_get(journal->unwritten, i), out,
			     JSON_COMPACT) == -1 ||
		    fputc('\n', out) == EOF;
	if (fclose(out) == EOF || failed) {
		free(text);
		errno = ENOMEM;
		return NULL;
	}
	return text;
}

/*
 * All lines are written by one write(2); if a full disk takes only a part of
 * them, the part is removed again.  If a crash has torn the last line of the
 * file, a newline ends it first, so that it spoils no other line.
 */
static int
add_lines(int fd, off_t size, const char *text, size_t len)
{
	ssize_t n;
	char last;

	if (size > 0 && pread(fd, &last, 1, size - 1) == 1 && last != '\n' &&
	    fd_write_all(fd, "\n", 1) == -1)
		return -1;
	do
		n = write(fd, text, len);
	while (n == -1 && errno == EINTR);
	if (n == -1)
		return -1;
	if ((size_t)n < len) {
		if (ftruncate(fd, size) == -1)
			return -1;
		errno = ENOSPC;
		return -1;
	}
	return 0;
}

/* The file, and its size in *size; -1 with errno. */
static int
open_file(const struct journal *journal, off_t *size)
{
	struct stat st;
	int fd;

	fd = open(journal->path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd == -1 || fstat(fd, &st) == -1) {
		fd_close(&fd);
		return -1;
	}
	*size = st.st_size;
	return fd;
}

static int
write_out(struct journal *journal)
{
	int fd, result = -1;
	off_t size;
	char *text;
	size_t len;

	if ((text = render(journal, &len)) == NULL)
		return -1;
	fd = open_file(journal, &size);
	if (fd != -1 && journal->limit > 0 && size >= journal->limit &&
	    rename(journal->path, journal->old) == 0) {
		fd_close(&fd);
		fd = open_file(journal, &size);
	}
	if (fd != -1)
		result = add_lines(fd, size, text, len);
	fd_close(&fd);
	free(text);
	return result;
}

int
journal_append(struct journal *journal, json_t *entry)
{
	if (!json_is_object(entry)) {
		json_decref(entry);
		errno = EINVAL;
		return -1;
	}
	if (json_array_append_new(journal->unwritten, entry) == -1) {
		errno = ENOMEM;
		return -1;
	}
	trim(
	    journal->unwritten, journal->limit > 0 ? JOURNAL_FEW : JOURNAL_MAX);
	if (write_out(journal) == -1)
		return -1;
	json_array_clear(journal->unwritten);
	return 0;
}

json_t *
journal_entries(const struct journal *journal)
{
	json_t *entries = journal_read(journal->path);

	if (entries == NULL)
		entries = json_array();
	json_array_extend(entries, journal->unwritten);
	trim(entries, JOURNAL_MAX);
	return entries;
}

static bool
has(const json_t *entry, const char *member, const char *text)
{
	const char *value = json_string_value(json_object_get(entry, member));

	return value != NULL && strcmp(value, text) == 0;
}

/* quoted is the text as JSON: only lines with it are parsed. */
static json_t *
find_in_file(
    FILE *file, const char *member, const char *text, const char *quoted)
{
	json_t *found = NULL, *entry;
	char *line = NULL;
	size_t room = 0;
	ssize_t len;

	while ((len = getline(&line, &room, file)) != -1) {
		if (strstr(line, quoted) == NULL)
			continue;
		entry = json_loadb(line, len, 0, NULL);
		if (has(entry, member, text)) {
			json_decref(found);
			found = json_incref(entry);
		}
		json_decref(entry);
	}
	free(line);
	return found;
}

json_t *
journal_find(
    const struct journal *journal, const char *member, const char *text)
{
	size_t i = json_array_size(journal->unwritten);
	json_t *string, *entry, *found = NULL;
	char *quoted;
	FILE *file;

	while (i > 0) {
		entry = json_array_get(journal->unwritten, --i);
		if (has(entry, member, text))
			return json_incref(entry);
	}
	string = json_string(text);
	quoted = memory_text(string, JSON_ENCODE_ANY);
	json_decref(string);
	if (quoted != NULL && (file = fopen(journal->path, "re")) != NULL) {
		found = find_in_file(file, member, text, quoted);
		fclose(file);
	}
	free(quoted);
	return found;
}
