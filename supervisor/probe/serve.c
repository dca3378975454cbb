/* SPDX-License-Identifier: ISC */
/*
 * The prober's loop.  All that is said by a peer is read in a child.
 */
#include "probe/serve.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/lifetime.h"
#include "probe/check.h"
#include "probe/confine.h"
#include "probe/rights.h"

#define TITLE	    "hotswap-prober"
#define CHECKS_MAX  16
#define REQUEST_MAX 65536
#define WORDS_MAX   32
#define OUTPUT_MAX  2048
#define TOO_MANY    "too many checks at a time"

/* A check under way; pid 0: none. */
struct slot {
	pid_t pid;
	unsigned long id;
	int output;
};

struct request {
	char text[REQUEST_MAX + 1];
	char *words[WORDS_MAX + 1];
	int nwords;
	int directory; /* -1: none */
};

static struct server {
	int sock;
	int ended; /* signalfd(2) of SIGCHLD */
	int null;
	sigset_t unblocked;
	serve_check *check;
	struct slot slots[CHECKS_MAX];
	struct request request;
} server;

static struct slot *
slot_find(pid_t pid)
{
	struct slot *slot;

	for (slot = server.slots; slot < server.slots + CHECKS_MAX; slot++)
		if (slot->pid == pid)
			return slot;
	return NULL;
}

/* The supervisor that does not read any more is ending, and so do we. */
static void
answer(unsigned long id, int status, const char *output)
{
	char text[OUTPUT_MAX + 64];
	int n;

	n = snprintf(text, sizeof(text), "%lu %d %s", id, status, output);
	while (send(server.sock, text, (size_t)n, MSG_NOSIGNAL) == -1 &&
	    errno == EINTR)
		continue;
}

/* THE CHILD */

/* A change of the user resets what prctl(2) has set. */
static int
be_apart(pid_t parent)
{
	return prctl(PR_SET_DUMPABLE, 0) == -1 ? -1
					       : lifetime_bind(parent, SIGKILL);
}

static int
take_place(const struct request *request, int output)
{
	if (request->directory != -1 && fchdir(request->directory) == -1)
		return -1;
	if (dup2(server.null, STDIN_FILENO) == -1 ||
	    dup2(output, STDOUT_FILENO) == -1 ||
	    dup2(output, STDERR_FILENO) == -1)
		return -1;
	closefrom(STDERR_FILENO + 1);
	return sigprocmask(SIG_SETMASK, &server.unblocked, NULL);
}

static _Noreturn void
work(struct request *request, pid_t parent, int output)
{
	const char *failed = NULL;
	int status = CHECK_FAILED;

	if (take_place(request, output) == -1)
		failed = "take its place";
	else if (be_apart(parent) == -1 ||
	    rights_become(request->words[1]) == -1)
		failed = "become its user";
	else if (be_apart(parent) == -1)
		failed = "keep others out";
	if (failed != NULL)
		fprintf(stderr, "hotswap-probe cannot %s: %s\n", failed,
		    strerror(errno));
	else
		status = server.check(request->nwords - 2, request->words + 2);
	fflush(NULL);
	_exit(status);
}

/* REQUESTS */

static void
begin(struct request *request, unsigned long id)
{
	struct slot *slot = slot_find(0);
	pid_t pid, parent = getpid();
	int output[2];

	if (slot == NULL || pipe2(output, O_CLOEXEC | O_NONBLOCK) == -1) {
		answer(id, CHECK_FAILED << 8,
		    slot == NULL ? TOO_MANY : strerror(errno));
		return;
	}
	if ((pid = fork()) == 0)
		work(request, parent, output[1]);
	close(output[1]);
	if (pid == -1) {
		answer(id, CHECK_FAILED << 8, strerror(errno));
		close(output[0]);
		return;
	}
	*slot = (struct slot){ pid, id, output[0] };
}

/* A child that does not die of this is not waited for. */
static void
cancel(unsigned long id)
{
	struct slot *slot;

	for (slot = server.slots; slot < server.slots + CHECKS_MAX; slot++) {
		if (slot->pid == 0 || slot->id != id)
			continue;
		kill(slot->pid, SIGKILL);
		close(slot->output);
		slot->pid = 0;
		answer(id, SIGKILL, "");
	}
}

/* Returns as recvmsg(2). */
static ssize_t
receive(struct request *request)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec part = { request->text, REQUEST_MAX };
	struct msghdr message = { .msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control) };
	struct cmsghdr *header;
	ssize_t n;

	do
		n = recvmsg(server.sock, &message, MSG_CMSG_CLOEXEC);
	while (n == -1 && errno == EINTR);
	request->directory = -1;
	if (n <= 0)
		return n;
	header = CMSG_FIRSTHDR(&message);
	if (header != NULL && header->cmsg_type == SCM_RIGHTS)
		memcpy(&request->directory, CMSG_DATA(header), sizeof(int));
	request->text[n] = '\0';
	return n;
}

static void
split(struct request *request, size_t len)
{
	char *word = request->text, *end = word + len;

	for (request->nwords = 0; word < end && request->nwords < WORDS_MAX;
	     word += strlen(word) + 1)
		request->words[request->nwords++] = word;
	request->words[request->nwords] = NULL;
}

/* Carry out one request.  False: there will be none any more. */
static bool
take(void)
{
	struct request *request = &server.request;
	ssize_t n = receive(request);
	unsigned long id;

	if (n <= 0)
		return false;
	split(request, (size_t)n);
	if (sscanf(request->words[0], "check %lu", &id) == 1 &&
	    request->nwords > 3)
		begin(request, id);
	else if (sscanf(request->words[0], "cancel %lu", &id) == 1)
		cancel(id);
	if (request->directory != -1)
		close(request->directory);
	return true;
}

/* ENDS */

/* A child writes no more than fits into a pipe; the end of that is enough. */
static void
tell_end(struct slot *slot, int status)
{
	char text[OUTPUT_MAX + 1];
	size_t len = 0, half = OUTPUT_MAX / 2;
	ssize_t n;

	while ((n = read(slot->output, text + len, OUTPUT_MAX - len)) > 0) {
		len += (size_t)n;
		if (len == OUTPUT_MAX) {
			memmove(text, text + half, half);
			len = half;
		}
	}
	text[len] = '\0';
	close(slot->output);
	slot->pid = 0;
	answer(slot->id, status, text);
}

static void
reap(void)
{
	struct signalfd_siginfo none;
	struct slot *slot;
	int status;
	pid_t pid;

	if (read(server.ended, &none, sizeof(none)) == -1 && errno != EAGAIN)
		return;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if ((slot = slot_find(pid)) != NULL)
			tell_end(slot, status);
}

/* Nobody of the same user may inspect the prober. */
static int
set_up(int sock)
{
	sigset_t child;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	server.sock = sock;
	server.null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	server.ended = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
	signal(SIGPIPE, SIG_IGN);
	return server.null == -1 || server.ended == -1 ||
		sigprocmask(SIG_BLOCK, &child, &server.unblocked) == -1 ||
		prctl(PR_SET_NAME, TITLE) == -1 ||
		prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1 ||
		prctl(PR_SET_DUMPABLE, 0) == -1 ||
		prctl(PR_SET_PDEATHSIG, SIGKILL) == -1
	    ? -1
	    : 0;
}

int
serve(int sock, serve_check *check)
{
	struct pollfd fds[2];

	if (set_up(sock) == -1) {
		fprintf(stderr, "%s\n", strerror(errno));
		return CHECK_FAILED;
	}
	server.check = check;
	fds[0] = (struct pollfd){ .fd = server.ended, .events = POLLIN };
	fds[1] = (struct pollfd){ .fd = server.sock, .events = POLLIN };
	for (;;) {
		if (poll(fds, 2, -1) == -1 && errno != EINTR)
			return CHECK_FAILED;
		if (fds[0].revents != 0)
			reap();
		if (fds[1].revents != 0 && !take())
			return 0;
	}
}
