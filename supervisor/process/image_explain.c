/* SPDX-License-Identifier: ISC */
/*
 * Why a file does not run: what the errno of execve(2) means, found out by
 * looking at the file as the kernel does.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/fd.h"
#include "process/elf.h"
#include "process/image.h"
#include "process/lines.h"

#define LINE 256 /* bytes of a #! line, BINPRM_BUF_SIZE of the kernel */

/* The file that is examined, and where the cause is written. */
struct query {
	const char *path;
	struct stat st; /* all zero if stat(2) fails */
	bool is_elf;
	struct elf elf;
	char script[LINE]; /* the interpreter of a #! line; "": none */
	bool has_return;   /* the #! line ends in a carriage return */
	char *cause;
	size_t size;
};

#define say(query, ...) snprintf((query)->cause, (query)->size, __VA_ARGS__)

static void
read_script(struct query *query, int fd)
{
	char line[LINE];
	ssize_t n;
	char *name;

	if ((n = pread(fd, line, sizeof(line) - 1, 0)) < 2)
		return;
	line[n] = '\0';
	if (line[0] != '#' || line[1] != '!')
		return;
	line[strcspn(line, "\n")] = '\0';
	name = line + 2 + strspn(line + 2, " \t");
	query->has_return = strchr(name, '\r') != NULL;
	name[strcspn(name, " \t\r")] = '\0';
	strlcpy(query->script, name, sizeof(query->script));
}

static void
look_at(struct query *query)
{
	int fd;

	if (stat(query->path, &query->st) == -1 || !S_ISREG(query->st.st_mode))
		return;
	if ((fd = fd_open_regular(query->path)) == -1)
		return;
	query->is_elf = elf_read(&query->elf, fd) == 0;
	if (!query->is_elf)
		read_script(query, fd);
	fd_close(&fd);
}

static const char *
interpreter(const struct query *query)
{
	return query->is_elf ? query->elf.interpreter : query->script;
}

static bool
explain_missing(struct query *query)
{
	char target[PATH_MAX];
	ssize_t n;

	if (query->st.st_mode == 0) {
		n = readlink(query->path, target, sizeof(target) - 1);
		target[n > 0 ? n : 0] = '\0';
		if (n > 0)
			say(query, "is a dangling link to %s", target);
		else
			say(query, "does not exist");
		return true;
	}
	if (interpreter(query)[0] == '\0')
		return false;
	say(query, "needs the interpreter %s, which does not exist%s",
	    interpreter(query),
	    query->has_return ? " (its #! line ends in a carriage return)"
			      : "");
	return true;
}

/* Is a directory of the path closed to the program's user? */
static bool
explain_way(struct query *query)
{
	char way[PATH_MAX];
	struct stat st;
	char *slash;

	strlcpy(way, query->path, sizeof(way));
	for (slash = strchr(way + 1, '/'); slash != NULL;
	     slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (stat(way, &st) == 0 &&
		    (eaccess(way, X_OK) == -1 ||
			(geteuid() == 0 && (st.st_mode & S_IXOTH) == 0))) {
			say(query,
			    "is out of the user's reach: %s has mode %04o", way,
			    st.st_mode & 07777);
			return true;
		}
		*slash = '/';
	}
	return false;
}

static bool
explain_denied(struct query *query)
{
	const char *needed = interpreter(query);
	struct statvfs fs;

	if (S_ISDIR(query->st.st_mode))
		say(query, "is a directory");
	else if (query->st.st_mode != 0 && !S_ISREG(query->st.st_mode))
		say(query, "is not a regular file");
	else if (query->st.st_mode != 0 &&
	    (query->st.st_mode & (S_IXUSR | S_IXGRP | S_IXOTH)) == 0)
		say(query, "is not executable (mode %04o)",
		    query->st.st_mode & 07777);
	else if (statvfs(query->path, &fs) == 0 && fs.f_flag & ST_NOEXEC)
		say(query, "is on a file system mounted with noexec");
	else if (needed[0] != '\0' && eaccess(needed, X_OK) == -1)
		say(query, "needs the interpreter %s, which is not executable",
		    needed);
	else if (explain_way(query))
		return true;
	else if (query->st.st_mode != 0)
		say(query, "is not executable by its user (mode %04o)",
		    query->st.st_mode & 07777);
	else
		return false;
	return true;
}

static bool
explain_format(struct query *query)
{
	struct elf ours = { .machine = "" };
	int fd;

	fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	if (fd != -1)
		elf_read(&ours, fd);
	fd_close(&fd);
	if (query->st.st_size == 0)
		say(query, "is empty");
	else if (!query->is_elf)
		say(query,
		    "is neither a program nor a script: "
		    "it has no #! line");
	else if (query->elf.is_truncated)
		say(query, "is a truncated program (still being copied?)");
	else if (strcmp(query->elf.machine, ours.machine) != 0)
		say(query, "is a program for %s; this machine is %s",
		    query->elf.machine, ours.machine);
	else if (!query->elf.is_program)
		say(query, "is an ELF file but no program");
	else
		say(query, "is a damaged program");
	return true;
}

static bool
explain_busy(struct query *query)
{
	say(query, "is open for writing (still being copied?)");
	return true;
}

static bool
explain_loader(struct query *query)
{
	say(query,
	    "needs the interpreter %s, which is damaged or for another "
	    "machine",
	    interpreter(query));
	return true;
}

/* What each errno may be about; false: nothing was found. */
static const struct {
	int error;
	bool (*explain)(struct query *);
} causes[] = {
	{ ENOENT, explain_missing },
	{ EACCES, explain_denied },
	{ ENOEXEC, explain_format },
	{ ETXTBSY, explain_busy },
	{ ELIBBAD, explain_loader },
};

static bool
explain(struct query *query, int error)
{
	size_t i;

	for (i = 0; i < sizeof(causes) / sizeof(causes[0]); i++)
		if (causes[i].error == error)
			return causes[i].explain(query);
	return false;
}

/* The file's bytes name the interpreter: make them one line of UTF-8. */
static void
make_fit(char *buf, size_t size)
{
	struct lines lines;
	char *p;

	for (p = buf; (p = strpbrk(p, "\n\r")) != NULL;)
		*p = '?';
	lines_init(&lines, NULL, NULL);
	lines_feed(&lines, buf, strlen(buf));
	lines_end(&lines);
	strlcpy(buf, lines_last(&lines), size);
}

void
image_explain(const char *path, int error, char *buf, size_t size)
{
	struct query query = { .path = path, .cause = buf, .size = size };

	look_at(&query);
	if (!explain(&query, error))
		snprintf(buf, size, "cannot be executed: %s", strerror(error));
	make_fit(buf, size);
}
