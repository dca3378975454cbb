/* SPDX-License-Identifier: ISC */
/*
 * What a keeper knows besides its descriptors, one fact a line.
 */
#include "keep/legacy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/fd.h"

#define TEXT_MAX 65536

void
legacy_init(struct legacy *legacy, const char *title)
{
	memset(legacy, 0, sizeof(*legacy));
	strlcpy(legacy->title, title, sizeof(legacy->title));
	sigemptyset(&legacy->pending);
	sigemptyset(&legacy->asked);
}

const struct legacy_end *
legacy_add(struct legacy *legacy, pid_t pid, int status)
{
	struct legacy_end *end = &legacy->ends[legacy->nends++ % LEGACY_ENDS];

	*end = (struct legacy_end){ pid, status };
	return end;
}

const struct legacy_end *
legacy_get(const struct legacy *legacy, size_t i)
{
	if (legacy->nends > LEGACY_ENDS)
		i += legacy->nends - LEGACY_ENDS;
	return i < legacy->nends ? &legacy->ends[i % LEGACY_ENDS] : NULL;
}

static void
print_signals(FILE *out, const char *what, const sigset_t *set)
{
	int number;

	for (number = 1; number < NSIG; number++)
		if (sigismember(set, number) == 1)
			fprintf(out, "%s %d\n", what, number);
}

int
legacy_write(const struct legacy *legacy)
{
	int fd = memfd_create("hotswap-keeper", MFD_CLOEXEC);
	const struct legacy_end *end;
	FILE *out;
	size_t i;

	if (fd == -1 || (out = fdopen(fd_dup(fd), "w")) == NULL) {
		fd_close(&fd);
		return -1;
	}
	fprintf(out, "title %s\nsupervisor %d %d %d\nlog %d\n", legacy->title,
	    legacy->supervisor, legacy->ready, legacy->stopping,
	    legacy->log_format);
	print_signals(out, "pending", &legacy->pending);
	print_signals(out, "asked", &legacy->asked);
	for (i = 0; (end = legacy_get(legacy, i)) != NULL; i++)
		fprintf(out, "ended %d %d\n", end->pid, end->status);
	if (ferror(out) | fclose(out))
		fd_close(&fd);
	return fd;
}

static void
read_line(struct legacy *legacy, const char *line)
{
	int n, ready, stopping, status;

	if (sscanf(line, "pending %d", &n) == 1)
		sigaddset(&legacy->pending, n);
	else if (sscanf(line, "asked %d", &n) == 1)
		sigaddset(&legacy->asked, n);
	else if (sscanf(line, "ended %d %d", &n, &status) == 2)
		legacy_add(legacy, n, status);
	else if (sscanf(line, "log %d", &n) == 1)
		legacy->log_format = n;
	else if (sscanf(line, "supervisor %d %d %d", &n, &ready, &stopping) ==
	    3) {
		legacy->supervisor = n;
		legacy->ready = ready;
		legacy->stopping = stopping;
	}
}

int
legacy_read(struct legacy *legacy, int fd)
{
	char *text = calloc(1, TEXT_MAX), *rest = text, *line;
	ssize_t n;

	if (text == NULL || (n = pread(fd, text, TEXT_MAX - 1, 0)) == -1) {
		free(text);
		return -1;
	}
	legacy_init(legacy, "");
	while ((line = strsep(&rest, "\n")) != NULL)
		if (sscanf(line, "title %64s", legacy->title) != 1)
			read_line(legacy, line);
	free(text);
	return 0;
}
