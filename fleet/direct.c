/* SPDX-License-Identifier: ISC */
/*
 * Keeps a balancer as the weights in the store say.  The director is a program
 * that gets the whole table on its standard input, a line `host address weight`
 * each, and makes it so; it is run again with the same table, since a balancer
 * forgets.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/param.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/status.h"
#include "fleet/command.h"
#include "fleet/view.h"

#define AGAIN_MS 30000
#define RETRY_MS 1000

extern char **environ;

/*
 * The table, *new*; NULL with why if it must not be given to a balancer.  A
 * host whose service serves nobody gets nothing; one whose agent is away keeps
 * its weight, since its service may serve on.
 */
static char *
make_table(const struct view *view, char *why, size_t size)
{
	const struct member_host *at;
	char *table = NULL;
	int64_t total = 0, weight;
	size_t length, i;
	FILE *out = open_memstream(&table, &length);

	if (out == NULL) {
		snprintf(why, size, "%s", strerror(errno));
		return NULL;
	}
	for (i = 0; i < view->nhosts; i++) {
		at = &view->hosts[i];
		if (at->host.address[0] == '\0')
			continue;
		weight = at->host.serves ? at->weight : 0;
		total += weight;
		fprintf(out, "%s %s %" PRId64 "\n", at->name, at->host.address,
		    weight);
	}
	if (fclose(out) == 0 && total > 0)
		return table;
	snprintf(why, size,
	    "no host would get traffic: each has the weight 0, serves nobody, "
	    "or was given no --address");
	free(table);
	return NULL;
}

/* The table as a file: a director never reads a part of it.  -1 with errno. */
static int
table_file(const char *table)
{
	int fd = memfd_create("table", MFD_CLOEXEC);

	if (fd != -1 &&
	    (fd_write_all(fd, table, strlen(table)) == -1 ||
		lseek(fd, 0, SEEK_SET) == -1))
		fd_close(&fd);
	return fd;
}

/* Start the director, with the signals as a shell would.  An error of errno. */
static int
start(char *const *director, int table, pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t signals;
	int error;

	sigemptyset(&signals);
	sigaddset(&signals, SIGPIPE);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigdefault(&attributes, &signals);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, table, STDIN_FILENO);
	error = posix_spawnp(
	    pid, director[0], &actions, &attributes, director, environ);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	return error;
}

/* Run the director with the table.  True if it has succeeded. */
static bool
run(char *const *director, const char *table)
{
	int fd = table_file(table), error = errno, status = 0;
	pid_t pid;

	if (fd != -1)
		error = start(director, fd, &pid);
	fd_close(&fd);
	if (error != 0) {
		log_warn("%s: %s", director[0], strerror(error));
		return false;
	}
	while (waitpid(pid, &status, 0) == -1 && errno == EINTR)
		continue;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return true;
	log_warn("%s: %s %d; the balancer stays as it is, and the director is "
		 "tried again",
	    director[0], WIFEXITED(status) ? "exit status" : "killed by signal",
	    WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
	return false;
}

struct direction {
	char *const *director;
	char *table;	   /* the last one; NULL: none yet */
	bool good;	   /* the director has succeeded with it */
	bool changed;	   /* it is another one than the director had last */
	int64_t retry_ms;  /* after a failure, twice as long each time */
	int64_t ran_ms;	   /* when it ran last */
	char trouble[512]; /* that was logged last */
};

static void
complain(struct direction *direction, const char *what, const char *why)
{
	char text[sizeof(direction->trouble)];

	snprintf(
	    text, sizeof(text), "%s%s; the balancer stays as it is", what, why);
	if (strcmp(text, direction->trouble) != 0)
		log_warn("%s", text);
	strlcpy(direction->trouble, text, sizeof(direction->trouble));
}

/* The last table stays good while the store is away or has none. */
static void
read_table(struct direction *direction, struct store *store)
{
	char why[256], *table;
	struct view view;

	if (view_read(&view, store) == -1) {
		complain(direction, "the store: ", store_why(store));
	} else if ((table = make_table(&view, why, sizeof(why))) == NULL) {
		complain(direction, "", why);
	} else {
		direction->trouble[0] = '\0';
		if (direction->table == NULL ||
		    strcmp(direction->table, table) != 0)
			direction->changed = true;
		free(direction->table);
		direction->table = table;
	}
	view_fini(&view);
}

/* Milliseconds until the director is to run again; it runs if that is 0. */
static int64_t
apply(struct direction *direction)
{
	int64_t due = direction->ran_ms +
	    (direction->good ? AGAIN_MS : direction->retry_ms);

	if (direction->table == NULL)
		return RETRY_MS;
	if (!direction->changed && clock_ms() < due)
		return due - clock_ms();
	if (direction->changed) {
		log_info("%s: the table has changed", direction->director[0]);
		direction->retry_ms = RETRY_MS;
	}
	direction->changed = false;
	direction->good = run(direction->director, direction->table);
	direction->ran_ms = clock_ms();
	if (direction->good)
		return AGAIN_MS;
	direction->retry_ms = MIN(2 * direction->retry_ms, AGAIN_MS);
	return direction->retry_ms;
}

int
fleet_direct(
    struct fleet_arguments *a, const struct conf *conf, struct store *store)
{
	struct direction direction = { .director = a->program };
	int64_t ms;

	log_open(a->service, LOG_TEXT);
	for (;;) {
		read_table(&direction, store);
		ms = apply(&direction);
		/* Without a store there is nothing to wait for. */
		if (direction.trouble[0] != '\0')
			poll(NULL, 0, RETRY_MS);
		else
			store_wait(store, "", ms);
	}
}
