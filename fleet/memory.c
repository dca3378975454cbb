/* SPDX-License-Identifier: ISC */
#include "fleet/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/paths.h"

int
memory_open(struct memory *memory, const char *service, char *why, size_t size)
{
	char directory[PATH_MAX], *text;

	memset(memory, 0, sizeof(*memory));
	if (paths_state(service, directory, true) == -1) {
		snprintf(why, size, "state directory %s: %s", directory,
		    strerror(errno));
		return -1;
	}
	snprintf(memory->path, sizeof(memory->path), "%s/fleet", directory);
	text = fd_read_file(memory->path, 256, NULL);
	if (text == NULL && errno == ENOENT)
		return 0;
	if (text == NULL ||
	    sscanf(text, "%" SCNd64 " %16[0-9a-f]", &memory->n,
		memory->token) != 2) {
		snprintf(why, size,
		    "%s: %s; this host's part in earlier rollouts is not known",
		    memory->path,
		    text == NULL ? strerror(errno) : "it is damaged");
		free(text);
		return -1;
	}
	free(text);
	return 0;
}

bool
memory_agrees(const struct memory *memory, const struct rollout *rollout,
    char *why, size_t size)
{
	bool same = strcmp(rollout->token, memory->token) == 0;

	if (rollout->n > memory->n || memory->n == 0 ||
	    (rollout->n == memory->n && same))
		return true;
	snprintf(why, size,
	    "the store has rollout %" PRId64 "%s, but this host took part in "
	    "rollout %" PRId64 ": the store was wiped or restored from an old "
	    "copy, and is not obeyed; if it is right as it is, remove %s",
	    rollout->n, rollout->n == memory->n ? ", another one" : "",
	    memory->n, memory->path);
	return false;
}

int
memory_put(struct memory *memory, const struct rollout *rollout, char *why,
    size_t size)
{
	char aside[PATH_MAX + 8], text[64];
	int fd, n, r = -1;

	n = snprintf(
	    text, sizeof(text), "%" PRId64 " %s\n", rollout->n, rollout->token);
	snprintf(aside, sizeof(aside), "%s.new", memory->path);
	fd = open(
	    aside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd != -1 && fd_write_all(fd, text, (size_t)n) == 0 &&
	    fsync(fd) == 0 && rename(aside, memory->path) == 0)
		r = 0;
	else
		snprintf(why, size, "%s: %s", memory->path, strerror(errno));
	fd_close(&fd);
	if (r == -1)
		return -1;
	memory->n = rollout->n;
	strlcpy(memory->token, rollout->token, sizeof(memory->token));
	return 0;
}
