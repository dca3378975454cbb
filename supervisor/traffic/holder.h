/* SPDX-License-Identifier: ISC */
/*
 * Who keeps sockets alive between supervisors, as seen from traffic/.  The
 * holder is told of each socket before it can be reached and before it is
 * closed, and of each change of what listener_save returns: with commit if the
 * kernel has to follow it at once, else with changed.
 */
#ifndef TRAFFIC_HOLDER_H
#define TRAFFIC_HOLDER_H

#include <stdbool.h>
#include <stdint.h>

struct holder {
	/* -1 with errno: it cannot be held, and so must not be used. */
	int (*hold)(uint64_t cookie, int fd, void *arg);

	/*
	 * cookie is 0 if the kernel does not tell it.  With wait, return only
	 * once the holder has closed its duplicate.
	 */
	void (*release)(uint64_t cookie, int fd, bool wait, void *arg);

	void (*commit)(void *arg);
	void (*changed)(void *arg);
	void *arg;
};

/* With NULL as holder these do nothing. */
int holder_hold(const struct holder *, int fd);
void holder_release(const struct holder *, int fd, bool wait);
void holder_commit(const struct holder *);
void holder_changed(const struct holder *);

#endif
