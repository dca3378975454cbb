/* SPDX-License-Identifier: ISC */
/*
 * What the supervisor sees of processes: starting them (process/spawn.h),
 * finding them (process/tree.h, base/proc.h), their ends and their messages
 * (process/notify.h).
 */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/proc.h"
#include "process/notify.h"
#include "process/origin.h"
#include "process/remote.h"
#include "process/spawn.h"
#include "process/tree.h"
#include "world.h"

/* SPAWN */

pid_t
spawn_start(const struct spawn *spawn, bool *of_way, char *why, size_t size)
{
	const char *file = spawn->image->argv[0];
	int sockets[OF_PROCESS], version, n = 0;
	const struct process *p;
	size_t i;

	step("fork");
	*of_way = false;
	version = atoi(file + strcspn(file, "0123456789"));
	if (W->programs.versions[version].fails_spawn) {
		snprintf(why, size, "cannot start %s: Exec format error", file);
		errno = ENOEXEC;
		return -1;
	}
	for (i = 0; i < spawn->nsockets && n < OF_PROCESS; i++) {
		sockets[n] = fd_object(spawn->sockets[i].fd);
		object_at(sockets[n++])->generation = spawn->generation;
	}
	p = process_new(spawn->generation, version, sockets, n);
	step("execve");
	return p->pid;
}

/* ENDS */

pid_t
waitpid(pid_t pid, int *status, int options)
{
	struct process *p;

	step("waitpid");
	for (p = W->programs.list; p < W->programs.list + PROCESSES; p++) {
		if (p->pid == 0 || !p->ended || p->reaped ||
		    p->parent != W->programs.supervisor_pid)
			continue;
		p->reaped = true;
		*status = p->status;
		return p->pid;
	}
	errno = ECHILD;
	return -1;
}

int
pidfd_open(pid_t pid, unsigned int flags)
{
	int object;

	step("pidfd_open");
	if (process_find(pid) == NULL) {
		errno = ESRCH;
		return -1;
	}
	object = object_new(PIDFD);
	object_at(object)->pid = pid;
	return fd_new(object);
}

int
kill(pid_t pid, int signal)
{
	step("kill");
	if (pid < 0) /* a session: nobody else is in it here */
		pid = -pid;
	if (process_find(pid) == NULL) {
		errno = ESRCH;
		return -1;
	}
	process_signal(pid, signal);
	return 0;
}

int
pidfd_send_signal(int fd, int signal, siginfo_t *info, unsigned int flags)
{
	const struct object *o = fd_at(fd, PIDFD);
	const struct process *p;

	step("pidfd_send_signal");
	if (o == NULL)
		return -1;
	p = process_find(o->pid);
	if (p == NULL) {
		errno = ESRCH;
		return -1;
	}
	process_signal(o->pid, signal);
	return 0;
}

long
syscall(long number, ...)
{
	va_list args;
	int a, b;

	va_start(args, number);
	a = va_arg(args, int);
	b = va_arg(args, int);
	va_end(args);
	switch (number) {
	case SYS_pidfd_open:
		return pidfd_open(a, 0);
	case SYS_pidfd_send_signal:
		return pidfd_send_signal(a, b, NULL, 0);
	default:
		errno = ENOSYS;
		return -1;
	}
}

int
remote_exit_status(int pidfd)
{
	errno = ENOSYS;
	return -1;
}

/* PROC */

int
proc_stat(pid_t pid, struct proc_stat *stat)
{
	const struct process *p = process_find(pid);

	if (p == NULL) {
		errno = ESRCH;
		return -1;
	}
	*stat = (struct proc_stat){ .state = p->ended ? 'Z' : 'S',
		.parent = p->parent,
		.session = pid,
		.dead = p->ended,
		.start = (unsigned long long)p->start };
	return 0;
}

char
proc_state(pid_t pid)
{
	const struct process *p = process_find(pid);

	return p == NULL ? '\0' : p->ended ? 'Z' : 'S';
}

int
proc_start_time(pid_t pid, unsigned long long *start)
{
	const struct process *p = process_find(pid);

	*start = 1;
	if (pid == W->programs.supervisor_pid || pid == KEEPER_PID)
		return 0;
	if (p == NULL || p->ended) {
		errno = ESRCH;
		return -1;
	}
	*start = (unsigned long long)p->start;
	return 0;
}

/* TREE */

struct tree {
	unsigned int generation;
	pid_t pids[PROCESSES];
};

struct tree *
tree_new(const char *name, unsigned int number, const char *notify_path)
{
	struct tree *tree = calloc(1, sizeof(*tree));

	if (tree != NULL)
		tree->generation = number;
	return tree;
}

void
tree_free(struct tree *tree)
{
	free(tree);
}

void
tree_set_origin(struct tree *tree, const struct origin *origin)
{
}

int
tree_add(struct tree *tree, pid_t pid)
{
	if (process_find(pid) != NULL)
		return 0;
	errno = ESRCH;
	return -1;
}

bool
tree_knows(const struct tree *tree, pid_t pid)
{
	const struct process *p = process_find(pid);

	return p != NULL && p->generation == tree->generation;
}

void
tree_add_session(struct tree *tree, pid_t leader)
{
}

const pid_t *
tree_scan(struct tree *tree, size_t *n)
{
	const struct process *p;

	step("readdir");
	*n = 0;
	for (p = W->programs.list; p < W->programs.list + PROCESSES; p++)
		if (p->pid != 0 && !p->ended &&
		    p->generation == tree->generation)
			tree->pids[(*n)++] = p->pid;
	return tree->pids;
}

pid_t *
tree_strays(const struct tree *tree, size_t *n)
{
	*n = 0;
	return calloc(1, sizeof(pid_t));
}

bool
tree_is_settled(const struct tree *tree)
{
	return true;
}

void
tree_kill(struct tree *tree, int signal)
{
	size_t i, n;

	tree_scan(tree, &n);
	for (i = 0; i < n; i++)
		kill(tree->pids[i], signal);
}

/* NOTIFY */

struct notify {
	int fd;
	struct event *event;
	notify_fn *fn;
	void *arg;
	char *path;
};

/* One message in a turn; the function may free us. */
static void
hear(evutil_socket_t fd, short what, void *arg)
{
	struct notify *notify = arg;
	struct object *o = fd_at(fd, NOTIFY);
	struct notify_message message = {
		.extend_usec = -1, .watchdog_usec = -1, .reloading_usec = -1
	};

	step("recvmsg");
	if (o == NULL || o->nmessages == 0)
		return;
	message.ready = o->messages[0].ready;
	message.sender = o->messages[0].pid;
	memmove(o->messages, o->messages + 1,
	    (size_t)--o->nmessages * sizeof(o->messages[0]));
	notify->fn(&message, notify->arg);
}

struct notify *
notify_new(struct event_base *base, const char *path, uid_t uid, gid_t gid,
    int fd, notify_fn *fn, void *arg)
{
	struct notify *notify = calloc(1, sizeof(*notify));
	int object;

	if (fd == -1) {
		object = object_new(NOTIFY);
		object_at(object)->notify =
		    (unsigned int)atoi(strrchr(path, '.') + 1);
		fd = fd_new(object);
	}
	if (notify == NULL || fd == -1) {
		fd_close(&fd);
		free(notify);
		return NULL;
	}
	*notify = (struct notify){ .fd = fd,
		.fn = fn,
		.arg = arg,
		.path = strdup(path),
		.event =
		    event_new(base, fd, EV_READ | EV_PERSIST, hear, notify) };
	if (notify->path == NULL || notify->event == NULL) {
		notify_free(notify);
		return NULL;
	}
	event_add(notify->event, NULL);
	return notify;
}

void
notify_listen(struct notify *notify)
{
}

int
notify_revive(const char *path)
{
	return -1;
}

void
notify_free(struct notify *notify)
{
	if (notify == NULL)
		return;
	if (notify->event != NULL)
		event_free(notify->event);
	fd_close(&notify->fd);
	free(notify->path);
	free(notify);
}

void
notify_leave(struct notify *notify)
{
	notify_free(notify);
}

int
notify_fd(const struct notify *notify)
{
	return notify->fd;
}

const char *
notify_path(const struct notify *notify)
{
	return notify->path;
}
