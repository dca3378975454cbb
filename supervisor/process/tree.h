/* SPDX-License-Identifier: ISC */
/*
 * The processes of a generation, found in /proc: everything that descends
 * from its main process, daemonised ones too, which come to us as a child
 * subreaper.
 *
 * A process belongs if it
 *   - was seen to belong before, by PID and start time; or
 *   - has a parent that belongs; or
 *   - is in a session with one that belongs (never in our own session); or
 *   - is an orphan (its parent is we, our parent or PID 1) that has the mark
 *     and the user of process/origin.h, and our HOTSWAP_NAME,
 *     HOTSWAP_GENERATION and NOTIFY_SOCKET in its environment, of which the
 *     last one tells services of one name apart.
 * Checks and hooks have the first two.  They must have HOTSWAP_ROLE=helper as
 * well, by which they and what they leave behind are told apart.  We
 * ourselves never belong, nor does anybody above us: our keeper, what started
 * it, PID 1.
 */
#ifndef PROCESS_TREE_H
#define PROCESS_TREE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct origin;
struct tree;

/*
 * The processes of generation number of service name, which were started with
 * this NOTIFY_SOCKET; both are copied.  *New*.
 */
struct tree *tree_new(
    const char *name, unsigned int number, const char *notify_path);
void tree_free(struct tree *);

/* By what orphans are known; copied.  Before: our user, and no mark. */
void tree_set_origin(struct tree *, const struct origin *);

/*
 * A process that is known to belong: the main one, or an announced one.  -1
 * with errno: ESRCH if there is none, EINVAL if it is ourselves or above us.
 */
int tree_add(struct tree *, pid_t);

/*
 * Did the last scan, or tree_add since, find this very process among the
 * members?  Costs one look at it, none at all others.
 */
bool tree_knows(const struct tree *, pid_t);

/*
 * The main process that a predecessor knew has ended since, and led this
 * session: orphans that are in it still belong.
 */
void tree_add_session(struct tree *, pid_t leader);

/*
 * When a process was started, in clock ticks since boot: with its PID it is
 * told from all others.  -1 with errno if it is no more, or is a zombie.
 */
int tree_start_time(pid_t, unsigned long long *start);

/*
 * Look at /proc anew.  Returns the living members, zombies left out,
 * borrowed until the next call, the oldest first; *n may be 0.  NULL with
 * errno, and *n 0, if /proc cannot be read: then nothing is known, and what
 * was remembered stays so.
 */
const pid_t *tree_scan(struct tree *, size_t *n);

/*
 * Of the last scan: processes that are our children and belong to no one, by
 * all that is said above: a daemon that has overwritten its environment is
 * among them, a deputy is not.  *New*, the oldest first, *n may be 0; NULL with
 * errno.
 */
pid_t *tree_strays(const struct tree *, size_t *n);

/*
 * Whether the last scan is the whole truth: not if a child of ours came to
 * its end meanwhile, who may have left others behind.  Soon another one is.
 */
bool tree_is_settled(const struct tree *);

/*
 * Look anew and send a signal to every member, by pidfd, so that it cannot
 * reach another process that has got the PID meanwhile.  One that forks at
 * the same time may leave a child out: repeat it until tree_scan finds none.
 */
void tree_kill(struct tree *, int signal);

#endif
