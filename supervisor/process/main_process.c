/* SPDX-License-Identifier: ISC */
/*
 * Finding the main process of a program, by the tree of processes and by the
 * program's claims.
 */
#include "process/main_process.h"

#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/proc.h"
#include "process/notify_message.h"
#include "process/tree.h"
#include "process/watched.h"

#define CLAIM_MS 100 /* between two looks at what MAINPID= says */

/* The last MAINPID=, until it is examined. */
struct claim {
	pid_t pid; /* 0: no claim */
	pid_t sender;
	bool trusted; /* the sender was a known member then */
};

struct main_process {
	const struct main_process_events *events;
	void *arg;
	struct tree *tree;
	struct watched *watched;
	struct claim claim;
	struct event *claimed; /* pending until the claim is examined */
	int64_t looked_ms;     /* when a claim was last examined */
};

int
main_process_set(struct main_process *main, pid_t pid)
{
	/* An older build's checkpoint may name ourselves. */
	if (tree_add(main->tree, pid) == -1 && errno == EINVAL)
		return -1;
	return watched_set(main->watched, pid);
}

void
main_process_restore(
    struct main_process *main, pid_t pid, unsigned long long start)
{
	unsigned long long now;
	const pid_t *pids;
	size_t n;

	if (pid == 0) {
		pids = tree_scan(main->tree, &n);
		if (n > 0)
			main_process_set(main, pids[0]);
	} else if (proc_start_time(pid, &now) == -1 || now != start ||
	    main_process_set(main, pid) == -1) {
		tree_add_session(main->tree, pid);
		watched_set_ended(main->watched, pid);
	}
}

/*
 * A stray of the last scan that nobody watches and that has the program's
 * sockets.  Processes that are watched are our helpers, which may have these
 * sockets too, or belong to another generation.
 */
static bool
is_daemon(struct main_process *main, pid_t pid)
{
	return !reaper_watches(pid) && main->events->owns(pid, main->arg);
}

/*
 * A program that daemonises ends its first process with status 0 and leaves the
 * real one behind, which came to us as the subreaper.
 */
enum daemon_found
main_process_find_daemon(struct main_process *main, int status)
{
	const pid_t *pids;
	pid_t *strays;
	bool found = false;
	size_t n, i;

	if (status != 0 && status != REAPER_UNKNOWN)
		return DAEMON_NONE;
	while ((pids = tree_scan(main->tree, &n)) != NULL && n > 0) {
		if (main_process_set(main, pids[0]) == 0)
			return DAEMON_FOUND;
		if (errno != ESRCH) /* it has not ended since the scan */
			return DAEMON_NONE;
	}
	if (!tree_is_settled(main->tree))
		return DAEMON_NOT_YET;
	if ((strays = tree_strays(main->tree, &n)) == NULL)
		return DAEMON_NONE;
	for (i = 0; i < n && !found; i++)
		found = is_daemon(main, strays[i]) &&
		    main_process_set(main, strays[i]) == 0;
	free(strays);
	return found ? DAEMON_FOUND : DAEMON_NONE;
}

/*
 * Does a process belong to the program, as of the last scan?  A claim decides
 * which process we signal, and the program may have fewer rights than we have.
 * Having the program's sockets is no proof: we and our keeper have them, too.
 */
static bool
belongs(struct main_process *main, pid_t pid)
{
	pid_t *strays;
	bool found = false;
	size_t i, n;

	if (tree_knows(main->tree, pid))
		return true;
	if ((strays = tree_strays(main->tree, &n)) == NULL)
		return false;
	for (i = 0; i < n && !found; i++)
		found = strays[i] == pid && is_daemon(main, pid);
	free(strays);
	return found;
}

/* Examine the claim: do its sender and its process belong? */
static void
settle_claim(struct main_process *main)
{
	struct claim claim = main->claim;
	size_t n;

	main->claim = (struct claim){ 0 };
	if (claim.pid == 0 || claim.pid == main_process_pid(main))
		return;
	if (!tree_knows(main->tree, claim.pid) ||
	    !(claim.trusted || tree_knows(main->tree, claim.sender)))
		tree_scan(main->tree, &n);
	main->looked_ms = clock_ms();
	if ((claim.trusted || belongs(main, claim.sender)) &&
	    belongs(main, claim.pid) && main_process_set(main, claim.pid) == 0)
		main->events->followed(main->arg);
}

static void
claim_is_due(evutil_socket_t fd, short what, void *arg)
{
	settle_claim(arg);
}

/*
 * Examining a claim may scan all processes of the system.  So of claims that
 * come shortly after another only the newest counts.
 */
void
main_process_claim(
    struct main_process *main, const struct notify_message *message)
{
	int64_t wait = main->looked_ms + CLAIM_MS - clock_ms();
	struct timeval delay = clock_interval(wait);

	main->claim = (struct claim){ message->main_pid, message->sender,
		tree_knows(main->tree, message->sender) };
	if (evtimer_pending(main->claimed, NULL))
		return;
	if (wait <= 0)
		settle_claim(main);
	else
		evtimer_add(main->claimed, &delay);
}

void
main_process_forget_claim(struct main_process *main)
{
	main->claim = (struct claim){ 0 };
}

static void
ended(pid_t pid, int status, void *arg)
{
	struct main_process *main = arg;

	main->events->ended(pid, status, main->arg);
}

struct main_process *
main_process_new(struct event_base *base, struct tree *tree,
    const struct main_process_events *events, void *arg)
{
	struct main_process *main = calloc(1, sizeof(*main));

	if (main == NULL)
		return NULL;
	main->events = events;
	main->arg = arg;
	main->tree = tree;
	main->looked_ms = -CLAIM_MS;
	main->watched = watched_new(base, ended, main);
	main->claimed = evtimer_new(base, claim_is_due, main);
	if (main->watched == NULL || main->claimed == NULL) {
		main_process_free(main);
		return NULL;
	}
	return main;
}

void
main_process_free(struct main_process *main)
{
	int saved = errno;

	if (main == NULL)
		return;
	watched_free(main->watched);
	if (main->claimed != NULL)
		event_free(main->claimed);
	free(main);
	errno = saved;
}

void
main_process_forget(struct main_process *main)
{
	watched_forget(main->watched);
}

pid_t
main_process_pid(const struct main_process *main)
{
	return watched_pid(main->watched);
}

unsigned long long
main_process_start(const struct main_process *main)
{
	return watched_start(main->watched);
}

int
main_process_signal(struct main_process *main, int signal)
{
	return watched_signal(main->watched, signal);
}
