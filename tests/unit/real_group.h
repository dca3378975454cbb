/* SPDX-License-Identifier: ISC */
/*
 * A SO_REUSEPORT group of real sockets with its model, for tests of code that
 * sends packets through the kernel.  To be included after cmocka.h.
 */
#ifndef UNIT_REAL_GROUP_H
#define UNIT_REAL_GROUP_H

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "filters.h"
#include "traffic/attach.h"
#include "traffic/inet.h"

#define N      6
#define ACTIVE 2 /* index of the socket; its generation is ACTIVE + 1 */

static const char *const addresses[] = { "127.0.0.1:0", "[::1]:0", "[::]:0",
	"udp:127.0.0.1:0", "udp:[::1]:0" };

static const struct steer_share shares[] = { { ACTIVE + 1, 100 } };
static const struct steer_plan plan = { .shares = shares, .nshares = 1 };

/* Make six sockets of six generations; the third generation has the share. */
static inline void
make_group(const char *text, struct endpoint *at, struct group *group)
{
	const char *why;
	int fd, i;

	memset(at, 0, sizeof(*at));
	memset(group, 0, sizeof(*group));
	at->backlog = 16;
	at->owner.uid = geteuid();
	at->v6only = strstr(text, "[::1]") != NULL;
	assert_int_equal(address_parse(&at->address, text, &why), 0);
	for (i = 0; i < N; i++) {
		fd = inet_make(at, at->owner.uid, i == 0);
		assert_int_not_equal(fd, -1);
		assert_int_equal(inet_enter(at, fd), 0);
		if (i == 0)
			assert_int_equal(inet_learn(at, fd), 0);
		assert_int_equal(
		    group_append(group, fd, (unsigned int)i + 1), 0);
	}
	assert_int_equal(attach_plan(at, group, &plan, -1), 0);
}

static inline void
end_group(struct group *group)
{
	size_t i;

	for (i = 0; i < group->n; i++)
		close(group->slots[i].fd);
	group_fini(group);
}

/* The index of the generation's socket. */
static inline size_t
group_at(const struct group *group, unsigned int generation)
{
	size_t i = 0;

	while (i < group->n && group->slots[i].generation != generation)
		i++;
	assert_true(i < group->n);
	return i;
}

/* If a TCP socket can have no filter, its sieve is a key, for IPv4 only. */
static inline bool
can_sieve(const char *text)
{
	return can_filter() || strncmp(text, "udp:", 4) == 0 ||
	    strstr(text, "[::1]") == NULL;
}

#endif
