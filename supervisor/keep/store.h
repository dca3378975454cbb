/* SPDX-License-Identifier: ISC */
/*
 * The store upward: another process holds descriptors for the supervisor by
 * name, so that they outlive it.  That process is the keeper, or systemd with
 * FileDescriptorStoreMax=.  If there is neither, nothing is held.
 */
#ifndef KEEP_STORE_H
#define KEEP_STORE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct store;

#define STORE_NAME 256 /* room for any name */

/* The kinds of messages that the keeper sends. */
enum store_news {
	STORE_NOTHING,
	STORE_EXITED,  /* a child of the keeper */
	STORE_PROGRAM, /* the file that the keeper executes */
	STORE_SETBACK, /* another program could not take over */
	STORE_ENDED,   /* the keeper has died */
};

struct store_message {
	pid_t pid;
	int status;
	dev_t dev;
	ino_t ino;
	char reason[256];
};

/*
 * Receive the descriptors that were passed to this process, and find out who
 * holds descriptors for it.  *New*; NULL with errno: EBADMSG if the directory
 * of systemd's store cannot be read.
 */
struct store *store_open(void);
void store_close(struct store *);

/* Is the parent of this process a living keeper? */
bool store_has_keeper(const struct store *);

/* The keeper's PID, also if it is dead; 0 if there was none. */
pid_t store_keeper(const struct store *);

/* Does systemd, or a program that acts as systemd, offer a store? */
bool store_is_offered(void);

/*
 * The descriptor of that name that this process was given, *new*; -1 with
 * ENOENT.  The store continues to hold it.
 */
int store_take(struct store *, const char *name);

/* The same, but the descriptor can be asked for again. */
int store_dup(struct store *, const char *name);

/*
 * Add a predecessor's descriptor that was found elsewhere, as if it had been
 * given to this process.  *Stolen* in every case.  -1 with errno: EEXIST if a
 * descriptor of that name was given already.
 */
int store_give(struct store *, const char *name, int fd);

/*
 * store_save: make the numbers in this process of the descriptors held, by
 * name, members of an object; -1 with ENOMEM.  store_saved: these numbers,
 * *new*; NULL with ENOMEM.
 */
int store_save(const struct store *, json_t *into);
json_t *store_saved(const json_t *from);

/*
 * Remove from the store each given descriptor that was never asked for.
 * Listening sockets among them, except Unix sockets, are shut down unless their
 * names begin with spared, because others use those.  Closes the rest of what
 * was given.
 */
void store_sift(struct store *, const char *spared);

/*
 * store_put holds a duplicate of fd under a name, sd_notify(3); it is held from
 * the return on, also if this process dies.  store_remove gives up the
 * descriptor of that name; if the keeper cannot be told, it is told with the
 * next put, removal or sync.  -1 with errno.
 */
int store_put(struct store *, const char *name, int fd);
int store_remove(struct store *, const char *name);

/*
 * The name with that beginning under which this fd is held, *borrowed* until
 * the next put or removal; NULL: there is none.
 */
const char *store_name(const struct store *, const char *beginning, int fd);

/* Empty systemd's store.  A keeper's store ends with the keeper. */
void store_end(struct store *);

/*
 * If systemd holds the descriptors: execute exe, or otherwise if exe fails, in
 * place of this program, with all that is held.  Both are *stolen*.  Returns -1
 * with ENOTSUP if it is not systemd that holds them; any other failure is
 * fatal.
 */
int store_execute(struct store *, int exe, int otherwise);

/* Does systemd hold the descriptors, so that store_execute works? */
bool store_is_systemds(const struct store *);

/*
 * Wait until all messages have been handled.  The holder, our parent, is waited
 * for a second, and as long after that as base/await.h says of a child: on a
 * busy machine it may have to wait for the processor.  -1 with errno:
 * ETIMEDOUT.
 */
int store_sync(struct store *);

/* Send the keeper, if there is one, a message such as `READY=1`. */
int store_say(struct store *, const char *text);

/* Send a message to the service manager, if there is one, sd_notify(3). */
int store_notify(struct store *, const char *text);

/*
 * The i-th socket, from 0, that the service manager has passed, and the
 * manager's name for it.  *New*; -1 with ENOENT: there are no more.
 */
int store_passed(struct store *, size_t i, char name[static STORE_NAME]);

/* The socket of the keeper's messages, *borrowed*; -1: no keeper. */
int store_fd(const struct store *);

/* Read one message; sets the members that belong to its kind. */
enum store_news store_read(struct store *, struct store_message *);

#endif
