/* SPDX-License-Identifier: ISC */
/*
 * A child waits for the kernel, base/closer.h.  Where membarrier(2) is not
 * possible, as with nohz_full=, a time passes instead.
 */
#include "traffic/grace.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/closer.h"
#include "base/fd.h"

struct grace {
	struct event_base *base;
	int fd; /* the child's answer; -1: none is expected */
	struct event *event;
	void (*over)(void *);
	void *arg;
};

static void on_event(evutil_socket_t fd, short events, void *arg);

/* Wait for the answer, or without one for a time only. */
static int
await(struct grace *grace, int64_t ms)
{
	struct timeval most = clock_interval(ms);

	if (grace->event != NULL)
		event_free(grace->event);
	grace->event = event_new(grace->base, grace->fd,
	    grace->fd != -1 ? EV_READ : 0, on_event, grace);
	return grace->event == NULL ? -1 : event_add(grace->event, &most);
}

static void
on_event(evutil_socket_t fd, short events, void *arg)
{
	struct grace *grace = arg;
	char c;

	if ((events & EV_READ) && read(grace->fd, &c, 1) != 1) {
		fd_close(&grace->fd);
		if (await(grace, GRACE_BLIND_MS) == 0)
			return;
	}
	grace->over(grace->arg);
}

struct grace *
grace_begin(struct event_base *base, void (*over)(void *), void *arg)
{
	struct grace *grace = calloc(1, sizeof(*grace));

	if (grace == NULL)
		return NULL;
	grace->base = base;
	grace->over = over;
	grace->arg = arg;
	grace->fd = closer_grace();
	if (await(grace, grace->fd != -1 ? GRACE_LONGEST_MS : GRACE_BLIND_MS) ==
	    0)
		return grace;
	grace_free(grace);
	return NULL;
}

void
grace_free(struct grace *grace)
{
	if (grace == NULL)
		return;
	if (grace->event != NULL)
		event_free(grace->event);
	fd_close(&grace->fd);
	free(grace);
}
