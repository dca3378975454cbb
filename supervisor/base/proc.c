/* SPDX-License-Identifier: ISC */
/*
 * Reading the files of /proc/PID.
 */
#include "base/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fd.h"

#define PATH_SIZE     64
#define STAT_MAX      1024	    /* bytes of stat that matter */
#define TEXT_MAX      (1024 * 1024) /* enough for 65536 groups, setgroups(2) */
#define CHILDREN_MAX  65536
#define ENVIRON_MAX   (2 << 20) /* ARG_MAX, execve(2) */
#define ARGUMENTS_MAX (4 << 20)
#define PF_EXITING    0x4 /* among the flags of stat */

static const char *
make_path(pid_t pid, const char *file, char path[static PATH_SIZE])
{
	if (pid == PROC_SELF)
		snprintf(path, PATH_SIZE, "/proc/self/%s", file);
	else
		snprintf(path, PATH_SIZE, "/proc/%d/%s", (int)pid, file);
	return path;
}

static char *
read_text(pid_t pid, const char *file, size_t max, size_t *len)
{
	char path[PATH_SIZE];

	return fd_read_file(make_path(pid, file, path), max, len);
}

/*
 * The name may contain any character, so the fields are counted from its last
 * parenthesis.
 */
int
proc_stat_parse(const char *text, struct proc_stat *stat)
{
	const char *fields = strrchr(text, ')');
	int parent, session;
	unsigned int flags;
	long threads;

	if (fields == NULL ||
	    sscanf(fields,
		") %c %d %*d %d %*d %*d %u %*u %*u %*u %*u %*u %*u %*d %*d "
		"%*d %*d %ld %*d %llu",
		&stat->state, &parent, &session, &flags, &threads,
		&stat->start) != 6) {
		errno = EBADMSG;
		return -1;
	}
	stat->parent = parent;
	stat->session = session;
	stat->threads = threads;
	stat->exiting = (flags & PF_EXITING) != 0;
	stat->dead = stat->state == 'X' || (stat->state == 'Z' && threads <= 1);
	return 0;
}

/* Without malloc(3): it is done for each process of the machine. */
int
proc_stat(pid_t pid, struct proc_stat *stat)
{
	char text[STAT_MAX], path[PATH_SIZE];
	ssize_t n;
	int fd;

	fd = open(make_path(pid, "stat", path), O_RDONLY | O_CLOEXEC);
	if (fd == -1) {
		if (errno == ENOENT)
			errno = ESRCH;
		return -1;
	}
	n = read(fd, text, sizeof(text) - 1);
	fd_close(&fd);
	if (n == -1)
		return -1;
	text[n] = '\0';
	return proc_stat_parse(text, stat);
}

char
proc_state(pid_t pid)
{
	struct proc_stat stat;

	return proc_stat(pid, &stat) == 0 ? stat.state : '\0';
}

int
proc_start_time(pid_t pid, unsigned long long *start)
{
	struct proc_stat stat;

	*start = 0;
	if (proc_stat(pid, &stat) == -1)
		return -1;
	if (stat.dead) {
		errno = ESRCH;
		return -1;
	}
	*start = stat.start;
	return 0;
}

char *
proc_status(pid_t pid)
{
	return read_text(pid, "status", TEXT_MAX, NULL);
}

char *
proc_descriptor_info(pid_t pid, int number)
{
	char file[32];

	snprintf(file, sizeof(file), "fdinfo/%d", number);
	return read_text(pid, file, TEXT_MAX, NULL);
}

char *
proc_arguments(pid_t pid, size_t *len)
{
	return read_text(pid, "cmdline", ARGUMENTS_MAX, len);
}

char *
proc_environment(pid_t pid, size_t *len)
{
	return read_text(pid, "environ", ENVIRON_MAX, len);
}

const char *
proc_line(const char *text, const char *label)
{
	const size_t len = strlen(label);

	while (strncmp(text, label, len) != 0) {
		if ((text = strchr(text, '\n')) == NULL)
			return NULL;
		text++;
	}
	return text + len;
}

int
proc_number(const char *text, const char *label, int base, long *number)
{
	const char *line = proc_line(text, label);

	if (line == NULL) {
		errno = ESRCH;
		return -1;
	}
	*number = strtol(line, NULL, base);
	return 0;
}

const char *
proc_variable(const char *text, size_t len, const char *beginning)
{
	const char *end = text + len;

	for (; text < end; text += strlen(text) + 1)
		if (strncmp(text, beginning, strlen(beginning)) == 0)
			return text + strlen(beginning);
	return NULL;
}

bool
proc_has_string(const char *text, size_t len, const char *string)
{
	const char *end = text + len;

	for (; text < end; text += strlen(text) + 1)
		if (strcmp(text, string) == 0)
			return true;
	return false;
}

pid_t *
proc_children(pid_t pid, pid_t thread)
{
	char file[32], *text, *rest, *word;
	size_t room = 2, n = 0, i;
	pid_t *children;

	snprintf(file, sizeof(file), "task/%d/children", (int)thread);
	if ((text = read_text(pid, file, CHILDREN_MAX, NULL)) == NULL)
		return NULL;
	for (i = 0; text[i] != '\0'; i++)
		room += text[i] == ' ';
	children = calloc(room, sizeof(*children));
	rest = text;
	while (children != NULL && (word = strsep(&rest, " ")) != NULL)
		if ((pid = (pid_t)strtonum(word, 1, INT_MAX, NULL)) != 0)
			children[n++] = pid;
	free(text);
	return children;
}

DIR *
proc_threads(pid_t pid)
{
	char path[PATH_SIZE];

	return opendir(make_path(pid, "task", path));
}

DIR *
proc_descriptors(pid_t pid)
{
	char path[PATH_SIZE];

	return opendir(make_path(pid, "fd", path));
}

/* proc_pid_fd(5): the link of a socket is `socket:[INODE]`. */
int
proc_socket_inode(int dir, const char *number, unsigned int *inode)
{
	static const char prefix[] = "socket:[";
	char link[64];
	ssize_t n;

	*inode = 0;
	if ((n = readlinkat(dir, number, link, sizeof(link) - 1)) == -1)
		return errno == EACCES || errno == EPERM ? -1 : 0;
	link[n] = '\0';
	if (strncmp(link, prefix, sizeof(prefix) - 1) == 0)
		*inode = strtoul(link + sizeof(prefix) - 1, NULL, 10);
	return 0;
}

int
proc_has_socket(pid_t pid, int number)
{
	char path[PATH_SIZE], name[16];
	unsigned int inode;
	int dir;

	dir =
	    open(make_path(pid, "fd", path), O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir == -1)
		return -1;
	snprintf(name, sizeof(name), "%d", number);
	(void)proc_socket_inode(dir, name, &inode);
	fd_close(&dir);
	return inode != 0;
}
