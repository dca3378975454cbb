/* SPDX-License-Identifier: ISC */
/*
 * What /proc/PID tells of a process or thread.  Nothing else reads these files.
 * A PID may be another process's at any time: whoever acts upon an answer
 * compares the start time or holds a pidfd.  PID 0, as the kernel calls a
 * process of another PID namespace, is nobody.
 */
#ifndef BASE_PROC_H
#define BASE_PROC_H

#include <dirent.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define PROC_SELF INT_MIN /* instead of a PID: this process */

/* proc_pid_stat(5) */
struct proc_stat {
	char state; /* its letter */
	pid_t parent;
	pid_t session;
	long threads;
	bool dead; /* a zombie of which no other thread lives */
	bool exiting;
	unsigned long long start; /* in clock ticks since boot */
};

/*
 * proc_stat reads the file, proc_stat_parse its text.  -1 with errno: ESRCH if
 * there is no such process, EBADMSG if the text is none.
 */
int proc_stat(pid_t, struct proc_stat *);
int proc_stat_parse(const char *text, struct proc_stat *);

/* The letter of the state; 0 if it is not known. */
char proc_state(pid_t);

/*
 * The time of the start: PID and start time together name one process.  -1 with
 * errno: ESRCH if the process is dead.
 */
int proc_start_time(pid_t, unsigned long long *start);

/*
 * The text of a file of the process, with a NUL after it, *new*; NULL with
 * errno.  In cmdline and environ each string ends with a NUL.
 */
char *proc_status(pid_t);
char *proc_descriptor_info(pid_t, int number);
char *proc_arguments(pid_t, size_t *len);
char *proc_environment(pid_t, size_t *len);

/* Behind a label such as `Uid:` at the beginning of a line; NULL: no line. */
const char *proc_line(const char *text, const char *label);

/* The number in such a line.  -1 with errno: ESRCH if there is no such line. */
int proc_number(const char *text, const char *label, int base, long *number);

/*
 * In an environment: proc_variable returns the text behind beginning, such as
 * `KEY=`, NULL if no string begins so; proc_has_string tells whether one of the
 * strings is `KEY=VALUE`.
 */
const char *proc_variable(const char *text, size_t len, const char *beginning);
bool proc_has_string(const char *text, size_t len, const char *string);

/*
 * The children that a thread of the process has started, and the orphans that
 * came to it, *new*, with a 0 at the end; NULL with errno, ENOENT if the kernel
 * does not tell.  The list is complete if nobody reaps a child meanwhile.
 */
pid_t *proc_children(pid_t, pid_t thread);

/*
 * The directory of the threads, *new*, for readdir(3): a name in it is a TID,
 * which proc_state takes.  NULL with errno.
 */
DIR *proc_threads(pid_t);

/*
 * The directory of the descriptors' links, *new*, for readdir(3), and the inode
 * of a socket that a link in it is: 0 for any other file, or -1 with errno, as
 * who may list descriptors may not always read their links.  proc_has_socket
 * asks about one descriptor: -1 with errno if there is no such process or it
 * may not be looked into.
 */
DIR *proc_descriptors(pid_t);
int proc_socket_inode(int dir, const char *number, unsigned int *inode);
int proc_has_socket(pid_t, int number);

#endif
