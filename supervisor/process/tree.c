/* SPDX-License-Identifier: ISC */
/*
 * The processes of a generation.  A scan takes one table of /proc, then spreads
 * membership in it until nothing changes.  As we are a child subreaper, what
 * descends from us stays below us; only what a predecessor has left behind is
 * elsewhere.
 */
#include "process/tree.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/deputy.h"
#include "base/fd.h"
#include "base/foreign.h"
#include "base/proc.h"
#include "process/origin.h"
#include "process/proctable.h"

struct tree {
	char *name_mark; /* HOTSWAP_NAME=... */
	char *number_mark;
	char *notify_mark;
	struct origin origin;
	pid_t session;		  /* belongs without a leader; 0: none */
	struct proctable members; /* as of the last scan */
	struct proctable strays;  /* children of ours that are no members */
	pid_t *pids;		  /* PIDs of the members, the oldest first */
};

static bool is_first; /* see tree_set_first */

void
tree_set_first(void)
{
	is_first = true;
}

struct tree *
tree_new(const char *name, unsigned int number, const char *notify_path)
{
	struct tree *tree = calloc(1, sizeof(*tree));

	if (tree == NULL)
		return NULL;
	tree->origin.uid = geteuid();
	if (asprintf(&tree->name_mark, "HOTSWAP_NAME=%s", name) == -1)
		tree->name_mark = NULL;
	if (asprintf(&tree->number_mark, "HOTSWAP_GENERATION=%u", number) == -1)
		tree->number_mark = NULL;
	if (asprintf(&tree->notify_mark, "NOTIFY_SOCKET=%s", notify_path) == -1)
		tree->notify_mark = NULL;
	if (tree->name_mark == NULL || tree->number_mark == NULL ||
	    tree->notify_mark == NULL) {
		tree_free(tree);
		errno = ENOMEM;
		return NULL;
	}
	return tree;
}

void
tree_set_origin(struct tree *tree, const struct origin *origin)
{
	tree->origin = *origin;
}

void
tree_free(struct tree *tree)
{
	if (tree == NULL)
		return;
	free(tree->name_mark);
	free(tree->number_mark);
	free(tree->notify_mark);
	free(tree->members.processes);
	free(tree->strays.processes);
	free(tree->pids);
	free(tree);
}

static int
compare_ages(const void *a, const void *b)
{
	const struct process *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return (x->pid > y->pid) - (x->pid < y->pid);
}

void
tree_add_session(struct tree *tree, pid_t leader)
{
	tree->session = leader;
}

/*
 * Is it in the session of a main process that has ended (the keeper may not
 * have reaped that yet), and a child of us or of the keeper, to whom only
 * orphans of our programs come?  If a process with the session's number lives,
 * it is another process, and so the session is another one.
 */
static bool
is_left_behind(const struct tree *tree, const struct process *process)
{
	struct process leader;

	return tree->session != 0 && process->session == tree->session &&
	    process->parent != 1 && proctable_read(&leader, tree->session) != 1;
}

/* A process that is exiting has no environment any more. */
static bool
is_ending(pid_t pid)
{
	struct process process;

	return proctable_read(&process, pid) != 1 || process.exiting;
}

/* ours: it is a child of this process. */
static bool
has_our_marks(const struct tree *tree, struct proctable *picture,
    const struct process *process, bool ours)
{
	size_t len;
	char *text = origin_read(&tree->origin, process->pid, ours, &len);
	bool has;

	if (text == NULL) {
		picture->torn |= ours && is_ending(process->pid);
		return false;
	}
	has = proc_has_string(text, len, tree->name_mark) &&
	    proc_has_string(text, len, tree->number_mark) &&
	    proc_has_string(text, len, tree->notify_mark);
	free(text);
	return has;
}

/*
 * Mark our keeper, what started it, and our deputies: they belong to no
 * program.
 */
static void
mark_above(struct proctable *picture)
{
	struct process *process = proctable_find(picture, getppid());
	size_t i;

	for (i = 0; i < picture->n; i++)
		picture->processes[i].above =
		    deputy_is(picture->processes[i].pid) ||
		    foreign_is_closer(picture->processes[i].pid);
	while (process != NULL && !process->above) {
		process->above = true;
		process = proctable_find(picture, process->parent);
	}
	if ((process = proctable_find(picture, 1)) != NULL)
		process->above = true;
}

/*
 * Find the members that do not belong by another process.  Orphans also go to
 * our parent, the keeper, which has them while there is no supervisor.
 */
static void
mark_roots(const struct tree *tree, struct proctable *picture)
{
	const pid_t us = getpid(), above = getppid();
	const struct process *known;
	struct process *process;
	size_t i;

	for (i = 0; i < picture->n; i++) {
		process = &picture->processes[i];
		if (process->above)
			continue;
		known = proctable_find(&tree->members, process->pid);
		if (known != NULL && known->start == process->start)
			process->member = true;
		else if (process->parent == us || process->parent == above ||
		    process->parent == 1)
			process->member = is_left_behind(tree, process) ||
			    has_our_marks(
				tree, picture, process, process->parent == us);
	}
}

static bool
is_in_session_with_member(const struct proctable *picture, pid_t session)
{
	size_t i;

	for (i = 0; i < picture->n; i++) {
		if (picture->processes[i].member &&
		    picture->processes[i].session == session)
			return true;
	}
	return false;
}

/* Spread membership to children and through sessions, until nothing changes. */
static void
spread(struct proctable *picture)
{
	const pid_t own = getsid(0);
	const struct process *parent;
	struct process *process;
	bool changed = true;
	size_t i;

	while (changed) {
		changed = false;
		for (i = 0; i < picture->n; i++) {
			process = &picture->processes[i];
			if (process->member || process->above)
				continue;
			parent = proctable_find(picture, process->parent);
			process->member = (parent != NULL && parent->member) ||
			    (process->session != 0 && process->session != own &&
				is_in_session_with_member(
				    picture, process->session));
			changed |= process->member;
		}
	}
}

/* Keep only the members; our own children that are none go to strays. */
static int
picture_sift(struct proctable *picture, struct proctable *strays)
{
	const pid_t us = getpid();
	struct process *process;
	size_t i, n = 0;

	strays->n = 0;
	for (i = 0; i < picture->n; i++) {
		process = &picture->processes[i];
		if (process->member)
			picture->processes[n++] = *process;
		else if (process->parent == us && !process->above &&
		    proctable_add(strays, process) == -1)
			return -1;
	}
	picture->n = n;
	return 0;
}

/* The PIDs by age; the table is sorted by PID again. */
static pid_t *
list_pids(struct proctable *members)
{
	pid_t *pids = calloc(members->n + 1, sizeof(*pids));
	size_t i;

	if (pids == NULL || members->n == 0)
		return pids;
	qsort(members->processes, members->n, sizeof(*members->processes),
	    compare_ages);
	for (i = 0; i < members->n; i++)
		pids[i] = members->processes[i].pid;
	proctable_sort(members);
	return pids;
}

/*
 * Add the members that have gone elsewhere: into a PID namespace of others,
 * whose orphans come to its first process.
 */
static int
add_known(const struct tree *tree, struct proctable *picture)
{
	const struct process *known;
	struct process now;
	size_t i;

	for (i = 0; i < tree->members.n; i++) {
		known = &tree->members.processes[i];
		if (proctable_find(picture, known->pid) != NULL ||
		    proctable_read(&now, known->pid) != 1 ||
		    now.start != known->start)
			continue;
		if (proctable_add(picture, &now) == -1)
			return -1;
		proctable_sort(picture);
	}
	return 0;
}

static int
take_picture(const struct tree *tree, struct proctable *picture)
{
	if (is_first && proctable_take_below(picture) == 0)
		return add_known(tree, picture);
	picture->n = 0;
	picture->torn = false;
	return proctable_take(picture);
}

const pid_t *
tree_scan(struct tree *tree, size_t *n)
{
	struct proctable picture = { 0 };
	pid_t *pids = NULL;

	*n = 0;
	if (take_picture(tree, &picture) == 0) {
		mark_above(&picture);
		mark_roots(tree, &picture);
		spread(&picture);
		if (picture_sift(&picture, &tree->strays) == 0)
			pids = list_pids(&picture);
	}
	if (pids == NULL) {
		free(picture.processes);
		return NULL;
	}
	free(tree->members.processes);
	free(tree->pids);
	tree->members = picture;
	tree->pids = pids;
	*n = picture.n;
	return pids;
}

pid_t *
tree_strays(const struct tree *tree, size_t *n)
{
	struct proctable strays = tree->strays;

	*n = strays.n;
	return list_pids(&strays);
}

bool
tree_is_settled(const struct tree *tree)
{
	return !tree->members.torn;
}

/* Do we descend from it?  Not from a child of ours. */
static bool
is_above(pid_t pid, pid_t parent)
{
	struct process process = { .parent = getppid() };

	if (parent == getpid())
		return false;
	while (process.parent > 1 && process.parent != pid)
		if (proctable_read(&process, process.parent) == -1)
			return false;
	return process.parent == pid;
}

bool
tree_knows(const struct tree *tree, pid_t pid)
{
	const struct process *known = proctable_find(&tree->members, pid);
	struct process process;

	return known != NULL && proctable_read(&process, pid) == 1 &&
	    process.start == known->start;
}

int
tree_add(struct tree *tree, pid_t pid)
{
	struct process process, *known;
	int r;

	if (pid <= 1 || pid == getpid()) {
		errno = EINVAL;
		return -1;
	}
	if ((r = proctable_read(&process, pid)) == -1)
		return -1;
	if (r == 0 || is_above(pid, process.parent)) {
		errno = r == 0 ? ESRCH : EINVAL;
		return -1;
	}
	/*
	 * What it leaves behind is known by its session, if it ends before a
	 * scan.
	 */
	if (process.session == pid)
		tree_add_session(tree, pid);
	if ((known = proctable_find(&tree->members, pid)) != NULL) {
		*known = process;
		return 0;
	}
	if (proctable_add(&tree->members, &process) == -1)
		return -1;
	proctable_sort(&tree->members);
	return 0;
}

/*
 * The pidfd holds the process that has the PID now.  If that is the process
 * that was seen, the signal can reach no other.
 */
static void
process_kill(const struct process *seen, int signal)
{
	struct process now;
	int fd;

	if ((fd = syscall(SYS_pidfd_open, seen->pid, 0)) == -1)
		return;
	if (proctable_read(&now, seen->pid) == 1 && now.start == seen->start)
		syscall(SYS_pidfd_send_signal, fd, signal, NULL, 0);
	fd_close(&fd);
}

void
tree_kill(struct tree *tree, int signal)
{
	size_t i, n;

	tree_scan(tree, &n);
	for (i = 0; i < tree->members.n; i++)
		process_kill(&tree->members.processes[i], signal);
}
