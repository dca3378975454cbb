/* SPDX-License-Identifier: ISC */
/*
 * Who keeps sockets alive while we are away, as the traffic room sees it:
 * told of each socket before it can be reached and before it is closed, and
 * whenever what listener_save says has changed: at once (commit) where the
 * kernel goes by it, or before anything follows from it (changed).
 */
#ifndef TRAFFIC_HOLDER_H
#define TRAFFIC_HOLDER_H

#include <stdbool.h>
#include <stdint.h>

struct holder {
	/* -1 with errno: it cannot be held, and must not be used. */
	int (*hold)(uint64_t cookie, int fd, void *arg);

	/* wait: return only once the holder has closed its duplicate. */
	void (*release)(uint64_t cookie, bool wait, void *arg);

	void (*commit)(void *arg);
	void (*changed)(void *arg);
	void *arg;
};

/* A holder that is NULL does nothing. */
int holder_hold(const struct holder *, int fd);
void holder_release(const struct holder *, int fd, bool wait);
void holder_commit(const struct holder *);
void holder_changed(const struct holder *);

#endif
