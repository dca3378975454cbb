/* SPDX-License-Identifier: ISC */
/*
 * The processes of a generation, found in /proc: the main process and all its
 * descendants, also those that have daemonised, which come to us as a child
 * subreaper.
 *
 * A process belongs if it
 *  - was seen to belong before, by PID and start time; or
 *  - has a parent that belongs; or
 *  - is in a session with a process that belongs (but never in our session); or
 *  - is an orphan (its parent is we, our parent or PID 1), has the mark and
 *    the user of process/origin.h, and has our HOTSWAP_NAME,
 *    HOTSWAP_GENERATION and NOTIFY_SOCKET in its environment; NOTIFY_SOCKET
 *    tells services of the same name apart.
 * Checks and hooks have the first two variables.  They have HOTSWAP_ROLE=helper
 * as well, by which they and the processes they leave behind are told apart.
 * We never belong, nor does any process above us: our keeper, what started the
 * keeper, PID 1.
 */
#ifndef PROCESS_TREE_H
#define PROCESS_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct origin;
struct tree;

/*
 * No other supervisor of this service has run before us: all processes of all
 * generations descend from us, and are looked for nowhere else.
 */
void tree_set_first(void);

/*
 * The processes of generation number of service name, which were started with
 * this NOTIFY_SOCKET; both strings are copied.  *New*; NULL if there is no
 * memory.
 */
struct tree *tree_new(
    const char *name, unsigned int number, const char *notify_path);
void tree_free(struct tree *);

/* Set the origin of orphans; copied.  Before that: our user and no mark. */
void tree_set_origin(struct tree *, const struct origin *);

/*
 * Add a process that is known to belong: the main process, or an announced one.
 * -1 with errno: ESRCH if it does not exist, EINVAL if it is we or above us.
 */
int tree_add(struct tree *, pid_t);

/*
 * Did the last scan, or a tree_add since then, find this very process among the
 * members?  Only this process is looked at.
 */
bool tree_knows(const struct tree *, pid_t);

/*
 * The main process that a predecessor knew has ended; it led this session:
 * orphans in the session still belong.
 */
void tree_add_session(struct tree *, pid_t leader);

/*
 * Scan /proc, as far as it takes.  Returns the living members without zombies,
 * the oldest first, borrowed until the next call; *n may be 0.  NULL with errno
 * and *n 0 if /proc cannot be read: then nothing new is known, and the former
 * members are kept.
 */
const pid_t *tree_scan(struct tree *, size_t *n);

/*
 * As of the last scan: children of ours that do not belong by these rules.  A
 * daemon that has overwritten its environment is among them, a deputy is not.
 * *New*, the oldest first, *n may be 0; NULL with errno.
 */
pid_t *tree_strays(const struct tree *, size_t *n);

/*
 * Whether the last scan is complete.  It is not if a child of ours was ending
 * meanwhile, which may have left others behind; a later scan will be.
 */
bool tree_is_settled(const struct tree *);

/*
 * Scan, and send a signal to every member, by pidfd, so that it cannot reach
 * another process that has got the PID meanwhile.  The child of a member that
 * forks at the same time may be missed: repeat until tree_scan finds no member.
 */
void tree_kill(struct tree *, int signal);

#endif
