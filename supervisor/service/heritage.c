/* SPDX-License-Identifier: ISC */
/*
 * Sockets are recognized by their cookies, which the document names.
 */
#include "service/heritage.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/foreign.h"
#include "base/log.h"
#include "base/sockopt.h"
#include "base/strings.h"
#include "config/options.h"
#include "core/held.h"
#include "core/life.h"
#include "core/mark.h"
#include "core/report.h"
#include "core/service.h"
#include "keep/keeper.h"
#include "keep/store.h"
#include "process/remote.h"
#include "process/survivors.h"
#include "process/tree.h"
#include "traffic/diag.h"
#include "traffic/endpoint.h"
#include "traffic/holder.h"

struct search {
	struct service *service;
	const json_t *document;
	json_t *wanted; /* names by which the sockets are held */
	const struct survivor *survivors;
	size_t nsurvivors;
	bool nameless; /* a socket may be wanted, and nobody can tell */
	unsigned int *connections; /* inodes of all TCP connections, sorted */
	size_t nconnections, room;
};

/* FROM A SUPERVISOR */

/* Descriptors that the new supervisor has itself are not taken over. */
static bool
is_own(const char *name)
{
	return strncmp(name, "checkpoint.", strlen("checkpoint.")) == 0 ||
	    strcmp(name, REPORT_HELD) == 0 || strcmp(name, "lock.0") == 0;
}

/* The number may mean another file by now; a socket's name tells. */
static bool
is_named(const char *name, int fd)
{
	char text[KEEPER_NAME_MAX];

	if (strncmp(name, "socket.", strlen("socket.")) != 0)
		return true;
	held_name_socket(text, sockopt_cookie(fd));
	return strcmp(name, text) == 0;
}

void
heritage_take_held(struct service *service, const json_t *document, pid_t pid)
{
	json_t *held = store_saved(json_object_get(document, "life"));
	const char *name;
	json_t *number;
	int fd;

	json_object_foreach (held, name, number) {
		if (is_own(name))
			continue;
		fd = remote_descriptor(
		    pid, pid, (int)json_integer_value(number));
		if (fd == -1 || !is_named(name, fd) ||
		    store_give(held_store(service), name, fd) == -1)
			fd_close(&fd);
	}
	json_decref(held);
}

/* FROM PROGRAMS */

static void
want(struct search *search, json_int_t cookie)
{
	char text[KEEPER_NAME_MAX];

	held_name_socket(text, (uint64_t)cookie);
	if (cookie != 0)
		json_object_set_new(search->wanted, text, json_true());
}

/* The cookies that listener_save and the ways have saved. */
static void
collect_wanted(struct search *search)
{
	const json_t *listener, *value, *state;
	size_t i, j;

	json_array_foreach (
	    json_object_get(search->document, "listeners"), i, listener) {
		json_array_foreach (
		    json_object_get(listener, "sockets"), j, value)
			want(search,
			    json_integer_value(json_array_get(value, 1)));
		state = json_object_get(listener, "state");
		want(search,
		    json_integer_value(json_object_get(state, "socket")));
		json_array_foreach (json_object_get(state, "group"), j, value)
			want(search,
			    json_integer_value(
				json_object_get(value, "socket")));
	}
}

/* Is it at an address of one of the service's listeners? */
static bool
is_ours(const struct search *search, int fd)
{
	struct address at, address;
	const json_t *listener;
	const char *text, *why;
	size_t i;

	if (endpoint_address(fd, SOCK_STREAM, &at) == -1 ||
	    address_kind(&at) != ADDRESS_INET)
		return false;
	json_array_foreach (
	    json_object_get(search->document, "listeners"), i, listener) {
		text = json_string_value(json_object_get(listener, "address"));
		if (text == NULL || address_parse(&address, text, &why) == -1)
			continue;
		address_set_device(&address,
		    (unsigned int)json_integer_value(
			json_object_get(listener, "device")));
		if (address_equal(&at, &address))
			return true;
	}
	return false;
}

static void
note_connection(const struct inet_diag_msg *socket,
    const struct activity *activity, void *arg)
{
	struct search *search = arg;
	unsigned int *more;

	if (search->nconnections == search->room) {
		more = reallocarray(
		    search->connections, 2 * search->room + 64, sizeof(*more));
		if (more == NULL)
			return;
		search->connections = more;
		search->room = 2 * search->room + 64;
	}
	search->connections[search->nconnections++] = socket->idiag_inode;
}

static int
compare_inodes(const void *a, const void *b)
{
	unsigned int left = *(const unsigned int *)a;
	unsigned int right = *(const unsigned int *)b;

	return left < right ? -1 : left > right;
}

/* What is missed, because sockets changed meanwhile, is looked at. */
static void
note_connections(struct search *search)
{
	(void)diag_tcp(
	    AF_INET, NULL, 0, DIAG_CONNECTIONS, note_connection, search);
	(void)diag_tcp(
	    AF_INET6, NULL, 0, DIAG_CONNECTIONS, note_connection, search);
	if (search->nconnections > 0)
		qsort(search->connections, search->nconnections,
		    sizeof(*search->connections), compare_inodes);
}

/*
 * A connection is not: while we have a duplicate of a file that a program
 * closes, epoll(7) goes on telling the program of it.
 */
static bool
may_be_wanted(unsigned int inode, void *arg)
{
	const struct search *search = arg;

	return search->nconnections == 0 ||
	    bsearch(&inode, search->connections, search->nconnections,
		sizeof(inode), compare_inodes) == NULL;
}

static void
socket_found(int fd, void *arg)
{
	struct search *search = arg;
	uint64_t cookie = sockopt_cookie(fd);
	char text[KEEPER_NAME_MAX];

	held_name_socket(text, cookie);
	if (cookie == 0) {
		search->nameless = true;
		foreign_close(&fd);
		return;
	}
	if (json_object_get(search->wanted, text) != NULL) {
		store_give(held_store(search->service), text, fd);
		return;
	}
	if (sockopt_is_set(fd, SOL_SOCKET, SO_ACCEPTCONN) &&
	    is_ours(search, fd))
		shutdown(fd, SHUT_RDWR);
	foreign_close(&fd);
}

/* The processes of a generation; NULL with errno. */
static struct tree *
find_tree(const struct search *search, const json_t *saved)
{
	const json_t *program = json_object_get(saved, "program");
	unsigned int number =
	    (unsigned int)json_integer_value(json_object_get(saved, "number"));
	const char *notify =
	    json_string_value(json_object_get(program, "notify"));
	struct tree *tree = tree_new(search->service->options->name, number,
	    notify != NULL ? notify : "");
	struct origin origin;
	pid_t main = life_pid(program, "main");
	size_t i;

	if (tree == NULL)
		return NULL;
	mark_of_life(search->service, search->document, &origin);
	tree_set_origin(tree, &origin);
	if (main != 0)
		tree_add(tree, main);
	for (i = 0; i < search->nsurvivors; i++)
		if (search->survivors[i].generation == number)
			tree_add(tree, search->survivors[i].pid);
	return tree;
}

/* -1 with why: a living process may not be inspected. */
static int
search_process(struct search *search, pid_t pid, char *why, size_t size)
{
	bool looked =
	    remote_sockets(pid, may_be_wanted, socket_found, search) == 0;

	if (search->nameless) {
		snprintf(why, size,
		    "a socket of process %d cannot be told from others "
		    "(SO_COOKIE)",
		    pid);
		return -1;
	}
	if (looked || errno == ESRCH || errno == ENOENT)
		return 0;
	snprintf(why, size, "process %d cannot be looked into: %s%s", pid,
	    strerror(errno),
	    errno == EPERM ? " (pidfd_getfd(2) needs what ptrace(2) does: the "
			     "same user, and what kernel.yama.ptrace_scope "
			     "says)"
			   : "");
	return -1;
}

static int
search_generation(
    struct search *search, const json_t *saved, char *why, size_t size)
{
	struct tree *tree = find_tree(search, saved);
	const pid_t *pids = NULL;
	size_t i, n = 0;
	int result = 0;

	if (tree != NULL)
		pids = tree_scan(tree, &n);
	if (pids == NULL) {
		snprintf(why, size, "/proc: %s", strerror(errno));
		result = -1;
	}
	for (i = 0; i < n && result == 0; i++)
		result = search_process(search, pids[i], why, size);
	tree_free(tree);
	return result;
}

int
heritage_take_sockets(struct service *service, const json_t *document,
    const struct survivor *survivors, size_t nsurvivors, char *why, size_t size)
{
	struct search search = { .service = service,
		.document = document,
		.wanted = json_object(),
		.survivors = survivors,
		.nsurvivors = nsurvivors };
	const json_t *saved;
	int result = 0;
	size_t i;

	collect_wanted(&search);
	note_connections(&search);
	json_array_foreach (json_object_get(document, "generations"), i, saved)
		if (result == 0 && json_object_get(saved, "program") != NULL)
			result = search_generation(&search, saved, why, size);
	json_decref(search.wanted);
	free(search.connections);
	return result;
}

/* THE DOCUMENT */

static bool
differs(const json_t *a, const json_t *b)
{
	return b != NULL && !json_equal(a, b);
}

void
heritage_renew(struct service *service, json_t *document, json_t *program)
{
	json_t *release = json_object_get(document, "release");
	json_t *options = options_to_json(service->options);
	const json_t *before = json_object_get(document, "options");

	if (differs(json_object_get(options, "listen"),
		json_object_get(before, "listen")))
		log_warn("--listen has changed: the addresses stay as they are "
			 "until the service is stopped and started");
	if (differs(program, json_object_get(document, "program")))
		log_warn("the command line has changed: the program that runs "
			 "stays, and `hotswap upgrade %s` rolls out the new "
			 "command line",
		    service->options->name);
	json_object_set_new(document, "options", options);
	json_object_set(document, "program", program);
	json_object_del(document, "exe");
	json_object_set(release, "program", program);
	json_object_del(release, "exe");
	json_object_del(release, "options-before");
}
