/* SPDX-License-Identifier: ISC */
/*
 * Lines by which a test controls a running load client.
 */
#include "control.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/param.h>
#include <sys/stat.h>
#include <unistd.h>

#include "report.h"

struct control {
	int fd;
	const char *made; /* a FIFO to be removed; or NULL */
	char line[4096];
	size_t used;
};

struct control *
control_open(const char *path)
{
	struct control *c;

	if (path == NULL)
		return NULL;
	if ((c = calloc(1, sizeof(*c))) == NULL)
		err(1, "no memory");
	if (strcmp(path, "-") == 0) {
		fcntl(STDIN_FILENO, F_SETFL, O_NONBLOCK);
		return c;
	}
	if (mkfifo(path, 0600) == 0)
		c->made = path;
	/*
	 * For writing too, so that a leaving writer causes no end of file,
	 * fifo(7).
	 */
	if ((c->fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC)) == -1)
		err(1, "%s", path);
	return c;
}

void
control_close(struct control *c)
{
	if (c == NULL)
		return;
	if (c->made != NULL)
		unlink(c->made);
	close(c->fd);
	free(c);
}

int
control_fd(const struct control *c)
{
	return c->fd;
}

struct order {
	const struct options *options;
	struct tally *tally;
	int64_t now;
	const char *argument;
};

static int
do_phase(const struct order *order)
{
	if (tally_phase(order->tally, order->now, order->argument) == -1)
		warnx("too many phases: %s", order->argument);
	return 0;
}

static int
do_mark(const struct order *order)
{
	tally_mark(order->tally, order->now, order->argument);
	return 0;
}

static int
do_report(const struct order *order)
{
	tally_close(order->tally, order->now);
	if (report_file(order->options, order->tally, order->argument) == -1)
		warn("%s", order->argument);
	return 0;
}

static int
do_stop(const struct order *order)
{
	return -1;
}

static const struct word {
	const char *name;
	int (*act)(const struct order *);
} words[] = {
	{ "phase", do_phase },
	{ "mark", do_mark },
	{ "report", do_report },
	{ "stop", do_stop },
};

#define NWORDS (sizeof(words) / sizeof(words[0]))

static int
obey(struct order *order, char *line)
{
	char *argument = line + strcspn(line, " ");
	size_t i;

	if (*argument == ' ')
		*argument++ = '\0';
	order->argument = argument;
	for (i = 0; i < NWORDS; i++)
		if (strcmp(words[i].name, line) == 0)
			return words[i].act(order);
	warnx("control: unknown: %s", line);
	return 0;
}

int
control_read(
    struct control *c, const struct options *o, struct tally *t, int64_t now)
{
	struct order order = { o, t, now, NULL };
	char *line = c->line, *end;
	int result = 0;
	ssize_t n;

	n = read(c->fd, c->line + c->used, sizeof(c->line) - 1 - c->used);
	if (n == -1)
		return 0;
	if (n == 0) /* stdin has ended, or a line is too long */
		return -1;
	c->used += (size_t)n;
	c->line[c->used] = '\0';
	while ((end = strchr(line, '\n')) != NULL) {
		*end = '\0';
		if (obey(&order, line) == -1)
			result = -1;
		line = end + 1;
	}
	c->used = strlen(line);
	memmove(c->line, line, c->used + 1);
	return result;
}
