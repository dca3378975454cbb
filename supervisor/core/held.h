/* SPDX-License-Identifier: ISC */
/*
 * The descriptors that outlive us: held by name by our keeper or by systemd
 * (keep/store.h), and given back to a successor.
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

/* What a predecessor had held, if there was one.  -1 with errno. */
int held_open(struct service *);
void held_close(struct service *);

/*
 * A descriptor to be held for a successor as NAME.NUMBER, a duplicate of fd;
 * an fd that is -1 is not.  Held no longer.
 */
void held_put(struct service *, const char *name, unsigned int number, int fd);
void held_remove(struct service *, const char *name, unsigned int number);

/* What a predecessor had held, *new*; -1 if nothing. */
int held_take(struct service *, const char *name, unsigned int number);

/* Is there such a one, which has not been taken? */
bool held_has(struct service *, const char *name, unsigned int number);

/* Of programs, which may use them all the time. */
#define HELD_STORED "stored"

/* The name that a listener's socket is held by. */
void held_name_socket(char buf[static KEEPER_NAME_MAX], uint64_t cookie);

/* For the listeners: who holds their sockets, and those that were held. */
const struct holder *held_holder(struct service *);
int held_socket(uint64_t cookie, void *service);

/* What the keeper says of a program that is to take over, control/reexec.h. */
typedef void held_told(
    struct service *, enum store_news, const struct store_message *);

/*
 * We have come up: what was held and has not been taken is held no longer,
 * and from here on the keeper is heard.
 */
void held_settle(struct service *, held_told *);

/*
 * Let this process look into us, prctl(2), so that it can take over what we
 * hold.  -1 with errno: EBUSY while we have a keeper, who gives it to a
 * successor of its own.
 */
int held_admit(struct service *, pid_t);

/* Who holds, *borrowed*: for what has a name of its own. */
struct store *held_store(struct service *);

/* The PID that the service has for others, all its life. */
pid_t held_pid(const struct service *);

#endif
