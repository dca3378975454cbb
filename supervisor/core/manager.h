/* SPDX-License-Identifier: ISC */
/*
 * The service manager that has started hotswap, systemd(1) or a program that
 * acts as systemd: it gets the state of the service, sd_notify(3), and a sign
 * of life of the loop.
 */
#ifndef CORE_MANAGER_H
#define CORE_MANAGER_H

struct manager;
struct service;

/* *New*; NULL with errno.  Without a service manager it does nothing. */
struct manager *manager_new(struct service *);
void manager_free(struct manager *);

/* Send what has changed, if anything has. */
void manager_tell(struct manager *);

/*
 * The manager asked for a reload by a signal, and the rollout was refused: end
 * the reload that the manager waits for.  why is borrowed.
 */
void manager_refuse_reload(struct manager *, const char *why);

#endif
