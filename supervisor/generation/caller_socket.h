/* SPDX-License-Identifier: ISC */
/*
 * The socket of a call: what is known of it, and how it comes into a
 * listener with the rights and the directory of its program.
 */
#ifndef GENERATION_CALLER_SOCKET_H
#define GENERATION_CALLER_SOCKET_H

#include <stdbool.h>

struct address;
struct intercept_call;
struct listener;
struct target;

/*
 * Is it bound?  An inet socket's address is in own then; a Unix socket's is
 * not told.
 */
bool caller_socket_is_bound(const struct intercept_call *, struct address *own);

/*
 * Make a duplicate of it one of the generation's sockets in the listener,
 * listener_adopt.  -1 with errno.
 */
int caller_socket_adopt(const struct intercept_call *, const struct target *,
    struct listener *, unsigned int generation);

#endif
