/* SPDX-License-Identifier: ISC */
/*
 * What the command tells of a service whose supervisor does not answer.  The
 * service's lock is held as long as a process of hotswap is there.  The lock
 * file names the keeper, or a supervisor that runs without one.
 */
#include "cli/absence.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/types.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/partner.h"
#include "base/paths.h"
#include "base/proc.h"
#include "cli/tell.h"
#include "core/mark.h"
#include "process/survivors.h"

#define PIDS_SHOWN 256 /* bytes of a list of PIDs */

/* The lock of a process that was killed is held for some moments. */
static bool
lives(pid_t pid)
{
	struct proc_stat stat;

	return proc_stat(pid, &stat) == 0 && !stat.dead && !stat.exiting;
}

/* The PID in the lock; 0 if nobody holds the lock or the PID cannot be read. */
static pid_t
find_holder(const char *name, bool *is_keeper)
{
	char path[PATH_MAX + 80], text[32] = "";
	int keeper = 0, supervisor = 0, fd;

	if (paths_runtime(path, false) == -1)
		return 0;
	snprintf(
	    path + strlen(path), sizeof(path) - strlen(path), "/%s.lock", name);
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd == -1)
		return 0;
	if (flock(fd, LOCK_SH | LOCK_NB) == -1 && errno == EWOULDBLOCK &&
	    read(fd, text, sizeof(text) - 1) > 0)
		sscanf(text, "%d %d", &keeper, &supervisor);
	fd_close(&fd);
	*is_keeper = keeper != supervisor;
	return lives(keeper) ? keeper : 0;
}

/* Started as the keeper starts a supervisor, keep/keeper.h? */
static bool
is_supervisor(pid_t pid)
{
	char *line = proc_arguments(pid, NULL);
	bool is =
	    line != NULL && strcmp(line + strlen(line) + 1, "--supervise") == 0;

	free(line);
	return is;
}

/* No program, but a process of the keeper's own. */
static bool
is_partner(pid_t pid)
{
	char *status = proc_status(pid);
	const char *name = status != NULL ? proc_line(status, "Name:") : NULL;
	bool is = name != NULL &&
	    strncmp(name + strspn(name, " \t"), PARTNER_NAME "\n",
		strlen(PARTNER_NAME "\n")) == 0;

	free(status);
	return is;
}

/* Whether a signal has stopped the process. */
static bool
is_stopped(pid_t pid)
{
	char state = proc_state(pid);

	return state == 'T' || state == 't';
}

/*
 * The PID of the supervisor among a keeper's children, 0 if there is none; the
 * other children's PIDs are listed in others.
 */
static pid_t
look_at_children(pid_t keeper, char others[static PIDS_SHOWN])
{
	pid_t *children = proc_children(keeper, keeper), supervisor = 0;
	char word[16];
	size_t i;

	others[0] = '\0';
	for (i = 0; children != NULL && children[i] != 0; i++) {
		if (is_partner(children[i]))
			continue;
		if (is_supervisor(children[i])) {
			supervisor = children[i];
			continue;
		}
		snprintf(word, sizeof(word), "%s%d",
		    others[0] != '\0' ? " " : "", (int)children[i]);
		strlcat(others, word, PIDS_SHOWN);
	}
	free(children);
	return supervisor;
}

/* The programs go on serving in each of these cases. */
static enum exit_status
tell_hanging(const char *name, pid_t supervisor)
{
	if (is_stopped(supervisor))
		return tell(STATUS_TIMEOUT,
		    "%s: the supervisor, process %d, is stopped by a signal: "
		    "`kill -CONT %d` continues it; the programs serve meanwhile",
		    name, supervisor, supervisor);
	return tell(STATUS_TIMEOUT,
	    "%s: the supervisor, process %d, does not answer; the programs "
	    "serve meanwhile; if the supervisor hangs, `kill -KILL %d` lets "
	    "another one take its place",
	    name, supervisor, supervisor);
}

/* Whether programs serve on although keeper and supervisor were both killed. */
static bool
tell_orphans(const char *name, enum exit_status *status)
{
	char path[PATH_MAX], programs[PIDS_SHOWN] = "", word[16];
	struct origin origin = { .uid = geteuid() };
	struct survivor *survivors;
	size_t n, i;

	if (paths_state(name, path, false) == 0)
		mark_load(path, origin.mark);
	if (paths_runtime(path, false) == -1 ||
	    (survivors = survivors_find(name, path, &origin, &n)) == NULL)
		return false;
	for (i = 0; i < n; i++) {
		snprintf(word, sizeof(word), " %d", (int)survivors[i].pid);
		strlcat(programs, word, sizeof(programs));
	}
	free(survivors);
	if (n == 0)
		return false;
	*status = tell(STATUS_UNAVAILABLE,
	    "%s: neither the supervisor nor the keeper runs any more; the "
	    "programs serve on, unsupervised:%s; the same `hotswap run` or "
	    "`hotswap start` as before takes them over",
	    name, programs);
	return true;
}

bool
absence_is_held(const char *name)
{
	bool is_keeper;

	return find_holder(name, &is_keeper) != 0;
}

bool
absence_is_so(const char *name)
{
	char programs[PIDS_SHOWN];
	bool is_keeper;
	pid_t holder = find_holder(name, &is_keeper);

	return holder != 0 && is_keeper &&
	    look_at_children(holder, programs) == 0;
}

bool
absence_tell(const char *name, enum exit_status *status)
{
	char programs[PIDS_SHOWN];
	pid_t holder, supervisor;
	bool is_keeper;

	if ((holder = find_holder(name, &is_keeper)) == 0)
		return tell_orphans(name, status);
	supervisor = is_keeper ? look_at_children(holder, programs) : holder;
	if (supervisor != 0)
		*status = tell_hanging(name, supervisor);
	else
		*status = tell(STATUS_UNAVAILABLE,
		    "%s: no supervisor runs; the keeper, process %d, holds the "
		    "service's sockets%s%s, unsupervised; the log says why; "
		    "`kill -CONT %d` makes the keeper start a supervisor "
		    "again, `kill %d` ends the service",
		    name, holder,
		    programs[0] != '\0' ? " and the programs serve on: " : "",
		    programs, holder, holder);
	return true;
}
