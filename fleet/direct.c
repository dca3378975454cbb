/* SPDX-License-Identifier: ISC */
/*
 * Keeps a balancer as the weights in the store say.  The director is a program
 * that gets the whole table on its standard input, a line `host address weight`
 * each, and makes it so; it is run again with the same table, since a balancer
 * forgets.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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

/* Run the director with the table.  True if it has succeeded. */
static bool
run(char *const *director, const char *table)
{
	posix_spawn_file_actions_t actions;
	int ends[2], error, status = 0;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) == -1) {
		log_warn("%s: %s", director[0], strerror(errno));
		return false;
	}
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, ends[0], STDIN_FILENO);
	error =
	    posix_spawnp(&pid, director[0], &actions, NULL, director, environ);
	posix_spawn_file_actions_destroy(&actions);
	fd_close(&ends[0]);
	if (error == 0)
		/* A director that does not read has its reasons. */
		(void)!fd_write_all(ends[1], table, strlen(table));
	fd_close(&ends[1]);
	if (error != 0) {
		log_warn("%s: %s", director[0], strerror(error));
		return false;
	}
	while (waitpid(pid, &status, 0) == -1 && errno == EINTR)
		continue;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return true;
	log_warn("%s: %s %d; it is tried again in a moment", director[0],
	    WIFEXITED(status) ? "exit status" : "killed by signal",
	    WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
	return false;
}

struct direction {
	char *const *director;
	char *table;	   /* the last one; NULL: none yet */
	bool good;	   /* the director has succeeded with it */
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
			direction->good = false;
		free(direction->table);
		direction->table = table;
	}
	view_fini(&view);
}

/* Milliseconds until the director is to run again; it runs if that is 0. */
static int64_t
apply(struct direction *direction)
{
	int64_t due;

	if (direction->table == NULL)
		return RETRY_MS;
	due = direction->good ? direction->ran_ms + AGAIN_MS : clock_ms();
	if (clock_ms() < due)
		return due - clock_ms();
	if (!direction->good)
		log_info(
		    "%s: %s", direction->director[0], "the table has changed");
	direction->good = run(direction->director, direction->table);
	direction->ran_ms = clock_ms();
	return direction->good ? AGAIN_MS : RETRY_MS;
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
