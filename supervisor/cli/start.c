/* SPDX-License-Identifier: ISC */
/*
 * run and start: the supervisor itself, in the foreground or in the background.
 * Its report comes through a pipe; its messages go to the log, and the
 * program's output goes to a file beside the log.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/log.h"
#include "base/paths.h"
#include "cli/commands.h"
#include "cli/tell.h"
#include "cli/waiting.h"
#include "process/logger.h"
#include "service/launch.h"

#define REPORT_MAX 1024 /* bytes of the line of the report */
#define TAIL_LINES 10	/* of the program's output, shown after a failure */
#define TAIL_MAX   (1 << 20) /* bytes read from the end of the output */

struct start {
	const struct arguments *arguments;
	const char *name;
	char directory[PATH_MAX]; /* of the files of this service */
	char log[PATH_MAX];	  /* the supervisor's lines */
	char output[PATH_MAX];	  /* what the program prints */
	int log_fd;
	ino_t output_file; /* inode and length before the start */
	off_t output_begin;
	pid_t pid;
	char report[REPORT_MAX];
};

int
cli_run(const struct arguments *arguments)
{
	unsetenv(LOG_DIRECTORY);
	return launch(arguments->options, arguments->program, -1);
}

static int
name_files(struct start *start)
{
	const size_t size = PATH_MAX;

	if (paths_state(start->name, start->directory, true) == -1)
		return -1;
	if (snprintf(start->log, size, "%s/" LOG_NAME, start->directory) <
		(int)size &&
	    snprintf(start->output, size, "%s/" LOGGER_FILE, start->directory) <
		(int)size)
		return 0;
	errno = ENAMETOOLONG;
	return -1;
}

static int
open_log(struct start *start)
{
	struct stat st;

	if (name_files(start) == -1)
		goto fail;
	start->log_fd = open(start->log,
	    O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
	if (start->log_fd == -1)
		goto fail;
	if (stat(start->output, &st) == 0) {
		start->output_file = st.st_ino;
		start->output_begin = st.st_size;
	}
	return STATUS_OK;
fail:
	return tell(
	    errno == EACCES || errno == EPERM ? STATUS_NOPERM : STATUS_SOFTWARE,
	    "%s: cannot write the log in %s: %s (HOTSWAP_STATE_DIR names "
	    "another directory)",
	    start->name, start->directory, strerror(errno));
}

/*
 * In the child: take a session without a terminal, and keep no descriptor of
 * the caller, who may be waiting for the end of a pipe.
 */
static int
supervise(const struct start *start, int report_fd)
{
	int null;

	setsid();
	if (setenv(LOG_DIRECTORY, start->directory, 1) == -1 ||
	    (null = open("/dev/null", O_RDONLY | O_CLOEXEC)) == -1 ||
	    dup2(null, STDIN_FILENO) == -1 ||
	    dup2(start->log_fd, STDOUT_FILENO) == -1 ||
	    dup2(start->log_fd, STDERR_FILENO) == -1)
		return STATUS_SOFTWARE;
	if (report_fd != STDERR_FILENO + 1) {
		dup3(report_fd, STDERR_FILENO + 1, O_CLOEXEC);
		report_fd = STDERR_FILENO + 1;
	}
	closefrom(report_fd + 1);
	return launch(
	    start->arguments->options, start->arguments->program, report_fd);
}

/* Read the report from the pipe, up to its end or Ctrl-C. */
static enum waited
read_report(struct start *start, int fd)
{
	size_t used = 0;
	enum waited waited;
	ssize_t n = 1;

	while (n > 0 && used < sizeof(start->report) - 1) {
		waited = waiting_for(fd, WAITING_FOREVER);
		if (waited != WAITED_READABLE)
			return waited;
		do
			n = read(fd, start->report + used,
			    sizeof(start->report) - 1 - used);
		while (n == -1 && errno == EINTR);
		used += n > 0 ? n : 0;
	}
	start->report[used] = '\0';
	start->report[strcspn(start->report, "\n")] = '\0';
	return WAITED_READABLE;
}

/* The last TAIL_LINES lines. */
static void
print_tail(const struct start *start, char *text)
{
	const char *lines[TAIL_LINES], *line;
	size_t n = 0, i;

	while ((line = strsep(&text, "\n")) != NULL)
		if (line[0] != '\0')
			lines[n++ % TAIL_LINES] = line;
	i = n > TAIL_LINES ? n - TAIL_LINES : 0;
	if (n > 0)
		tell(STATUS_OK,
		    "%s: the program's last lines, from %s:", start->name,
		    start->output);
	for (; i < n; i++) {
		tell_clean((char *)lines[i % TAIL_LINES]);
		fprintf(stderr, "  %s\n", lines[i % TAIL_LINES]);
	}
}

/* Show the program's output since the start; all of it if the file is new. */
static void
show_output(const struct start *start)
{
	off_t begin = start->output_begin, end;
	char *text = NULL;
	struct stat st;
	ssize_t n;
	int fd;

	if ((fd = open(start->output, O_RDONLY | O_CLOEXEC)) == -1 ||
	    fstat(fd, &st) == -1)
		return;
	end = st.st_size;
	if (st.st_ino != start->output_file)
		begin = 0;
	if (end - begin > TAIL_MAX)
		begin = end - TAIL_MAX;
	if (end > begin && (text = malloc(end - begin + 1)) != NULL &&
	    (n = pread(fd, text, end - begin, begin)) > 0) {
		text[n] = '\0';
		print_tail(start, text);
	}
	free(text);
	fd_close(&fd);
}

/* Tell why the start failed.  Returns the supervisor's exit status. */
static int
explain_failure(const struct start *start)
{
	const char *reason = start->report;
	int pidfd, ended, status;

	if (strncmp(reason, "failed ", strlen("failed ")) == 0)
		reason += strlen("failed ");
	/* Not waitpid(2) at once: Ctrl-C ends only waits for descriptors. */
	if ((pidfd = pidfd_open(start->pid, 0)) != -1)
		waiting_for(pidfd, WAITING_FOREVER);
	fd_close(&pidfd);
	if (waitpid(start->pid, &ended, WNOHANG) != start->pid)
		return tell(STATUS_FAILED,
		    "%s: not started: %s; the supervisor is still ending "
		    "(PID %d)",
		    start->name, reason, start->pid);
	if (WIFSIGNALED(ended)) {
		status = STATUS_SOFTWARE;
		tell(status, "%s: the supervisor was killed by SIG%s",
		    start->name, sigabbrev_np(WTERMSIG(ended)));
	} else {
		status = WEXITSTATUS(ended);
		if (status == STATUS_OK)
			status = STATUS_FAILED;
		tell(status, "%s: not started: %s", start->name,
		    reason[0] != '\0' ? reason
				      : "the supervisor ended without giving a "
					"reason");
	}
	show_output(start);
	tell(STATUS_OK, "%s: the supervisor's log is %s", start->name,
	    start->log);
	return status;
}

static int
tell_result(const struct start *start, enum waited waited)
{
	const char *text = start->report;

	if (waited != WAITED_READABLE)
		return tell(STATUS_TIMEOUT,
		    "%s: this command no longer waits; the start goes on in "
		    "the background (hotswap status %s shows it, hotswap stop "
		    "%s ends it)",
		    start->name, start->name, start->name);
	if (strncmp(text, "ready", strlen("ready")) != 0)
		return explain_failure(start);
	text += strlen("ready");
	text += strspn(text, " ");
	if (text[0] != '\0')
		printf("%s: %s\n", start->name, text);
	else
		printf("%s: generation 1 serves (supervisor PID %d)\n",
		    start->name, start->pid);
	return STATUS_OK;
}

int
cli_start(const struct arguments *arguments)
{
	struct start start = { .arguments = arguments,
		.name = arguments->options->name,
		.log_fd = -1 };
	int report[2] = { -1, -1 }, status;

	if ((status = open_log(&start)) != STATUS_OK)
		return status;
	if (pipe2(report, O_CLOEXEC) == -1 || (start.pid = fork()) == -1) {
		status = tell(STATUS_SOFTWARE,
		    "%s: cannot go into the background: %s", start.name,
		    strerror(errno));
		goto out;
	}
	if (start.pid == 0)
		return supervise(&start, report[1]);
	fd_close(&report[1]);
	waiting_arm();
	status = tell_result(&start, read_report(&start, report[0]));
out:
	fd_close(&report[0]);
	fd_close(&report[1]);
	fd_close(&start.log_fd);
	return status;
}
