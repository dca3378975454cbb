/* SPDX-License-Identifier: ISC */
/*
 * The sockets in the runtime directory by which a program reaches the
 * supervisor: for sd_notify(3), and for calls of the preload library.
 */
#ifndef GENERATION_PROGRAM_SOCKETS_H
#define GENERATION_PROGRAM_SOCKETS_H

struct service;

/*
 * Make those anew that somebody has removed, at the paths that the programs
 * know.  1 if one was made, 0 if all are there, -1 with errno.
 */
int program_sockets_renew(struct service *);

#endif
