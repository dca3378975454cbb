/* SPDX-License-Identifier: ISC */
/*
 * The descriptors that outlive the supervisor: the keeper or systemd holds them
 * by name (keep/store.h) and passes them to a successor.
 */
#ifndef CORE_HELD_H
#define CORE_HELD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "keep/keeper.h"
#include "keep/store.h"

struct holder;
struct service;
struct store;

/* Open the store, with what a predecessor has held.  -1 with errno. */
int held_open(struct service *);
void held_close(struct service *);

/*
 * held_put holds a duplicate of fd for a successor as NAME.NUMBER, and does
 * nothing if fd is -1.  held_remove gives it up.
 */
void held_put(struct service *, const char *name, unsigned int number, int fd);
void held_remove(struct service *, const char *name, unsigned int number);

/* Take what a predecessor has held as NAME.NUMBER, *new*; -1 if nothing. */
int held_take(struct service *, const char *name, unsigned int number);

/* Has a predecessor held such a descriptor that is not taken yet? */
bool held_has(struct service *, const char *name, unsigned int number);

/* The name of what programs store, which they may use at any time. */
#define HELD_STORED "stored"

/* The name by which a listener's socket is held. */
void held_name_socket(char buf[static KEEPER_NAME_MAX], uint64_t cookie);

/*
 * For the listeners: the holder of their sockets, and a duplicate, *new*, of a
 * socket that a predecessor has held; -1 with errno.
 */
const struct holder *held_holder(struct service *);
int held_socket(uint64_t cookie, void *service);

/*
 * Called when the keeper reports on another program, and when it has ended,
 * control/reexec.h.
 */
typedef void held_told(
    struct service *, enum store_news, const struct store_message *);

/*
 * To be called when the service has come up: gives up what a predecessor has
 * held and nobody has taken, and begins to read the keeper's messages.
 */
void held_settle(struct service *, held_told *);

/*
 * Let that process inspect this one, prctl(2), so that it can take over the
 * descriptors.  -1 with errno: EBUSY if the keeper or systemd holds them, which
 * passes them to its own successor of this process.
 */
int held_admit(struct service *, pid_t);

/* The store, *borrowed*: for descriptors with a name of another form. */
struct store *held_store(struct service *);

/*
 * The PID by which others know the service: the keeper's while it lives,
 * otherwise this process's.
 */
pid_t held_pid(const struct service *);

/* Who holds the descriptors: `keeper`, `systemd`, or `` if nobody does. */
const char *held_by(const struct service *);

#endif
