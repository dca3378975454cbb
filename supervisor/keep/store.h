/* SPDX-License-Identifier: ISC */
/*
 * The store upward: descriptors that somebody holds for us by name, so that
 * they outlive us.  That is our keeper, or systemd with
 * FileDescriptorStoreMax=; where there is neither, nothing is held.
 */
#ifndef KEEP_STORE_H
#define KEEP_STORE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct store;

#define STORE_NAME 256 /* room for any name */

/* What a message from the keeper says. */
enum store_news {
	STORE_NOTHING,
	STORE_EXITED,  /* a child of its */
	STORE_PROGRAM, /* which file it runs itself */
	STORE_SETBACK, /* another program could not take over */
	STORE_ENDED,   /* it is no more */
};

struct store_message {
	pid_t pid;
	int status;
	dev_t dev;
	ino_t ino;
	char reason[256];
};

/*
 * What we were given, and to whom we speak.  *New*; NULL with errno: EBADMSG
 * if what systemd has given back cannot be told apart.
 */
struct store *store_open(void);
void store_close(struct store *);

/* Is there a keeper of ours?  It is our parent. */
bool store_has_keeper(const struct store *);

/* Its PID, also once it is dead; 0 if there was none. */
pid_t store_keeper(const struct store *);

/* Does systemd, or who speaks for it, hold descriptors for us? */
bool store_is_offered(void);

/*
 * The descriptor of that name that we were given, *new*; -1 with ENOENT.
 * Whoever holds it goes on to do so.
 */
int store_take(struct store *, const char *name);

/* The same, but it can be asked for again. */
int store_dup(struct store *, const char *name);

/*
 * Something of a predecessor's that was found elsewhere: as if it had been
 * given to us.  *Stolen* in every case.  -1 with errno: EEXIST if that name
 * was given already.
 */
int store_give(struct store *, const char *name, int fd);

/* The numbers that what is held has in this process, by name, *borrowed*. */
json_t *store_numbers(const struct store *);

/*
 * What was given and never asked for is held no longer; listening TCP
 * sockets among it are shut down, unless their names begin with spared: others
 * go on with those.  All that is left of what was given is closed.
 */
void store_sift(struct store *, const char *spared);

/*
 * Hold a duplicate of fd under a name, sd_notify(3); in force on return.
 * Hold no longer what has that name.  -1 with errno.
 */
int store_put(struct store *, const char *name, int fd);
int store_remove(struct store *, const char *name);

/* Where systemd holds: hold nothing any more.  A keeper ends with us. */
void store_end(struct store *);

/*
 * Where systemd holds: execute exe in place of this program, or else
 * otherwise, both *stolen*; it is given all that is held.  Returns -1 with
 * ENOTSUP if it is not systemd who holds; any other failure is fatal.
 */
int store_execute(struct store *, int exe, int otherwise);

/* Does systemd hold for us, so that store_execute can do it? */
bool store_is_systemds(const struct store *);

/* Wait until all that was said has been done, a second at most. */
int store_sync(struct store *);

/* Say something to the keeper, if there is one: `READY=1`. */
int store_say(struct store *, const char *text);

/* To the service manager above us, sd_notify(3); it need not be there. */
int store_notify(struct store *, const char *text);

/*
 * The i-th socket, from 0, that the service manager has passed, and the name
 * that it has given it.  *New*; -1 with ENOENT: there are no more.
 */
int store_passed(struct store *, size_t i, char name[static STORE_NAME]);

/* Where the keeper's messages come in, *borrowed*; -1: there is no keeper. */
int store_fd(const struct store *);

/* Read one message, and what belongs to such news. */
enum store_news store_read(struct store *, struct store_message *);

#endif
