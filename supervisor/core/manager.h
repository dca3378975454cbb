/* SPDX-License-Identifier: ISC */
/*
 * The service manager above us, systemd(1) or who speaks for it: it is told
 * how the service does, sd_notify(3), and that our loop turns.
 */
#ifndef CORE_MANAGER_H
#define CORE_MANAGER_H

struct manager;
struct service;

/* NULL with errno; where there is no service manager it does nothing. */
struct manager *manager_new(struct service *);
void manager_free(struct manager *);

/* Something may have changed: say what has, if anything. */
void manager_tell(struct manager *);

/*
 * It asked for a reload by a signal, and there is none: it shall not wait for
 * one.  why is borrowed.
 */
void manager_refuse_reload(struct manager *, const char *why);

#endif
