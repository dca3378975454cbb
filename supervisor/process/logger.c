/* SPDX-License-Identifier: ISC */
/*
 * Reading a pipe and writing a file, with no other right.  Output that cannot
 * be written is lost, which is noted in the file, since the program must go on.
 */
#include "process/logger.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/logfile.h"
#include "process/child.h"

#define BLOCK	  65536
#define FDS_MAX	  8
#define DIGITS	  24
#define FIRST	  CHILD_FD_FIRST /* the pipe */
#define SINK	  (FIRST + 1)	 /* if there is no directory */
#define TITLE	  "hotswap-logger"
#define NOTE_SIZE 128

static volatile sig_atomic_t reopen;

/* STARTING IT */

static _Noreturn void
execute(const struct logger_spec *spec, char *const *argv)
{
	static char role[] = "HOTSWAP_ROLE=helper";
	char *env[] = { role, NULL };
	int fds[2] = { spec->pipe, spec->sink };
	size_t n = spec->directory == NULL ? 2 : 1;
	int null, i;

	setsid();
	if (child_arrange(fds, n, n) == -1)
		_exit(EXIT_FAILURE);
	if ((null = open("/dev/null", O_RDWR | O_CLOEXEC)) == -1)
		_exit(EXIT_FAILURE);
	for (i = STDIN_FILENO; i <= STDERR_FILENO; i++)
		if (dup2(null, i) == -1)
			_exit(EXIT_FAILURE);
	execve("/proc/self/exe", argv, env);
	_exit(EXIT_FAILURE);
}

pid_t
logger_start(const struct logger_spec *spec)
{
	char max[DIGITS];
	char *argv[] = { (char *)"hotswap", (char *)LOGGER_OPTION,
		(char *)spec->name, (char *)spec->directory, max, NULL };
	pid_t pid;

	snprintf(max, sizeof(max), "%" PRIu64, spec->max);
	if ((pid = child_fork()) == 0)
		execute(spec, argv);
	return pid;
}

/* THE PROCESS */

static void
on_usr1(int number)
{
	reopen = 1;
}

/* USR1 is blocked except during the wait, so that none comes before it. */
static int
watch_signal(sigset_t *waiting)
{
	struct sigaction action = { .sa_handler = on_usr1 };
	sigset_t usr1;

	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	signal(SIGPIPE, SIG_IGN);
	return sigprocmask(SIG_BLOCK, &usr1, waiting) == -1 ||
		sigaction(SIGUSR1, &action, NULL) == -1
	    ? -1
	    : 0;
}

static int
renounce(void)
{
	struct __user_cap_header_struct header = {
		.version = _LINUX_CAPABILITY_VERSION_3
	};
	struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = { 0 };
	struct rlimit few = { FDS_MAX, FDS_MAX };

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1 ||
		setrlimit(RLIMIT_NOFILE, &few) == -1 ||
		syscall(SYS_capset, &header, none) == -1
	    ? -1
	    : 0;
}

/* As root, make the directory the root directory. */
static int
confine(const char *directory)
{
	if (directory != NULL && chdir(directory) == -1)
		return -1;
	if (directory != NULL && geteuid() == 0 && chroot(".") == -1 &&
	    errno != EPERM)
		return -1;
	return renounce();
}

struct logger {
	struct logfile file;
	bool named;    /* the file is opened by its name */
	uint64_t lost; /* bytes since the last write */
	int error;     /* why they are lost */
};

static int
put(struct logger *logger, const char *data, size_t len)
{
	return logger->named ? logfile_write(&logger->file, data, len)
			     : fd_write_all(logger->file.fd, data, len);
}

static void
take(struct logger *logger, const char *data, size_t len)
{
	char note[NOTE_SIZE];
	int n;

	if (logger->lost > 0) {
		n = snprintf(note, sizeof(note),
		    "[hotswap: %" PRIu64 " bytes of output are lost: %s]\n",
		    logger->lost, strerror(logger->error));
		if (put(logger, note, (size_t)n) == 0)
			logger->lost = 0;
	}
	if (logger->lost == 0 && put(logger, data, len) == 0)
		return;
	if (logger->lost == 0)
		logger->error = errno;
	logger->lost += len;
}

/* Work until no process has the other end any more. */
static int
work(struct logger *logger, const sigset_t *waiting)
{
	static char block[BLOCK];
	struct pollfd input = { .fd = FIRST, .events = POLLIN };
	ssize_t n;

	for (;;) {
		if (ppoll(&input, 1, NULL, waiting) == -1 && errno != EINTR)
			return EXIT_FAILURE;
		if (reopen && logger->named)
			(void)logfile_reopen(&logger->file);
		reopen = 0;
		n = read(FIRST, block, sizeof(block));
		if (n == 0)
			return EXIT_SUCCESS;
		if (n > 0)
			take(logger, block, (size_t)n);
		else if (errno != EAGAIN && errno != EINTR)
			return EXIT_FAILURE;
	}
}

int
logger_main(char *const *argv)
{
	struct logger logger = { .file = { .path = LOGGER_FILE, .fd = -1 } };
	const char *directory = argv[0] != NULL ? argv[1] : NULL;
	sigset_t waiting;

	logger.named = directory != NULL;
	if (!logger.named)
		logger.file.fd = SINK;
	else if (argv[2] != NULL)
		logger.file.max = strtoull(argv[2], NULL, 10);
	prctl(PR_SET_NAME, TITLE);
	umask(0);
	if (watch_signal(&waiting) == -1 || confine(directory) == -1)
		return EXIT_FAILURE;
	if (logger.named)
		(void)logfile_reopen(&logger.file);
	return work(&logger, &waiting);
}
