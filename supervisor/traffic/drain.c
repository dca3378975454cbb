/* SPDX-License-Identifier: ISC */
/*
 * Counting connections: sockets that the kernel has at some addresses and that
 * some processes have open.  Nothing is kept between two counts.
 */
#include "traffic/drain.h"

#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/proc.h"
#include "traffic/diag.h"

#define COUNT_TRIES 5 /* tries, as sockets may change during a dump */

/* A socket, and where a process has it. */
struct held {
	unsigned int inode;
	pid_t pid;
	int number;
};

struct drain_set {
	bool whole;	   /* every look was permitted */
	struct held *held; /* sorted by inode */
	size_t n;
	size_t size;
};

struct count {
	const struct drain_set *set;
	const struct address *addresses;
	size_t n;
	enum diag_what what;
	int found, handshakes;
	drain_fn *fn; /* NULL: they are only counted */
	void *arg;
};

static int
set_add(struct drain_set *set, const struct held *held)
{
	struct held *more;
	size_t size;

	if (set->n == set->size) {
		size = set->size == 0 ? 256 : 2 * set->size;
		more = reallocarray(set->held, size, sizeof(*more));
		if (more == NULL)
			return -1;
		set->held = more;
		set->size = size;
	}
	set->held[set->n++] = *held;
	return 0;
}

static int
compare_inodes(const void *a, const void *b)
{
	const struct held *x = a, *y = b;

	return (x->inode > y->inode) - (x->inode < y->inode);
}

static const struct held *
set_find(const struct drain_set *set, unsigned int inode)
{
	const struct held wanted = { .inode = inode };

	if (set->n == 0)
		return NULL;
	return bsearch(
	    &wanted, set->held, set->n, sizeof(wanted), compare_inodes);
}

static int
set_add_process(struct drain_set *set, pid_t pid)
{
	struct held held = { .pid = pid };
	const struct dirent *entry;
	int r = 0, saved;
	DIR *dir;

	if ((dir = proc_descriptors(pid)) == NULL)
		return -1;
	while (r == 0 && (entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		r = proc_socket_inode(dirfd(dir), entry->d_name, &held.inode);
		held.number = atoi(entry->d_name);
		if (r == 0 && held.inode != 0)
			r = set_add(set, &held);
	}
	saved = errno;
	closedir(dir);
	errno = saved;
	return r;
}

struct drain_set *
drain_set_new(const pid_t *pids, size_t n)
{
	struct drain_set *set;
	int denied = 0;
	size_t i, read = 0;

	if ((set = calloc(1, sizeof(*set))) == NULL)
		return NULL;
	for (i = 0; i < n; i++) {
		if (set_add_process(set, pids[i]) == 0)
			read++;
		else if (errno == EACCES || errno == EPERM)
			denied = errno;
		else if (errno != ENOENT && errno != ESRCH)
			goto fail;
	}
	if (denied != 0 && read == 0) {
		errno = denied;
		goto fail;
	}
	set->whole = denied == 0;
	if (set->n > 0)
		qsort(set->held, set->n, sizeof(*set->held), compare_inodes);
	return set;
fail:
	denied = errno;
	drain_set_free(set);
	errno = denied;
	return NULL;
}

void
drain_set_free(struct drain_set *set)
{
	if (set == NULL)
		return;
	free(set->held);
	free(set);
}

bool
drain_set_has(const struct drain_set *set, int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && set_find(set, st.st_ino) != NULL;
}

bool
drain_set_is_whole(const struct drain_set *set)
{
	return set->whole;
}

static bool
is_counted(const struct count *count, unsigned int inode)
{
	return count->set == NULL || set_find(count->set, inode) != NULL;
}

/* A dual-stack socket has its IPv4 connections as mapped IPv6 as well. */
static bool
is_at(const struct inet_diag_msg *socket, const struct address *address)
{
	const void *sa = &address->storage, *own = socket->id.idiag_src;
	const struct sockaddr_in6 *six = sa;
	const struct sockaddr_in *four = sa;

	if (address->type != SOCK_STREAM ||
	    address->sa.sa_family != socket->idiag_family ||
	    address_port(address) != ntohs(socket->id.idiag_sport))
		return false;
	if (address_is_wildcard(address))
		return true;
	if (address->sa.sa_family == AF_INET)
		return memcmp(&four->sin_addr, own, sizeof(four->sin_addr)) ==
		    0;
	return memcmp(&six->sin6_addr, own, sizeof(six->sin6_addr)) == 0;
}

/* Hand a connection on to who asked for each. */
static void
tell(const struct count *count, const struct inet_diag_msg *socket,
    const struct activity *activity)
{
	const struct held *held = set_find(count->set, socket->idiag_inode);
	struct drain_connection connection = { .socket = socket,
		.activity = activity };

	if (held == NULL || activity == NULL)
		return;
	connection.pid = held->pid;
	connection.number = held->number;
	count->fn(&connection, count->arg);
}

static void
count_tcp(const struct inet_diag_msg *socket, const struct activity *activity,
    void *arg)
{
	struct count *count = arg;
	size_t i;

	for (i = 0; i < count->n; i++) {
		if (is_at(socket, &count->addresses[i]))
			break;
	}
	if (i == count->n)
		return;
	if (socket->idiag_state == TCP_SYN_RECV)
		count->handshakes++;
	else if (count->fn != NULL)
		tell(count, socket, activity);
	else if (is_counted(count, socket->idiag_inode))
		count->found++;
}

/* The part after the last slash. */
static const char *
last_part(const char *path, size_t len, size_t *part)
{
	const char *slash = memrchr(path, '/', len);

	if (slash == NULL) {
		*part = len;
		return path;
	}
	*part = path + len - (slash + 1);
	return slash + 1;
}

/*
 * A path is known by its last part, which may have the suffix of a generation's
 * private path.  The part before depends on the directory in which the program
 * was when it bound the socket.
 */
static bool
has_name(const struct address *address, const char *name, size_t len)
{
	static const char mark[] = ".hotswap-";
	const struct sockaddr_un *un = (const void *)&address->storage;
	size_t bound = address->len - offsetof(struct sockaddr_un, sun_path);
	const char *own, *public;

	if (address->type != SOCK_STREAM ||
	    address_kind(address) == ADDRESS_INET)
		return false;
	if (address_kind(address) == ADDRESS_ABSTRACT)
		return len == bound && memcmp(name, un->sun_path, len) == 0;
	own = last_part(name, strnlen(name, len), &len);
	public = last_part(un->sun_path, strnlen(un->sun_path, bound), &bound);
	if (len < bound || memcmp(own, public, bound) != 0)
		return false;
	return len == bound ||
	    (len - bound >= sizeof(mark) - 1 &&
		memcmp(own + bound, mark, sizeof(mark) - 1) == 0);
}

static void
count_unix(unsigned int inode, const char *name, size_t len, void *arg)
{
	struct count *count = arg;
	size_t i;

	for (i = 0; i < count->n; i++) {
		if (has_name(&count->addresses[i], name, len))
			break;
	}
	if (i < count->n && is_counted(count, inode))
		count->found++;
}

/* Ask once for all stream addresses of a family, if it has any. */
static int
count_family(struct count *count, int family)
{
	const struct address *address;
	size_t i, found = 0;
	uint16_t *ports;
	int r = 0;

	if ((ports = calloc(count->n + 1, sizeof(*ports))) == NULL)
		return -1;
	for (i = 0; i < count->n; i++) {
		address = &count->addresses[i];
		if (address->type == SOCK_STREAM &&
		    address->sa.sa_family == family)
			ports[found++] = address_port(address);
	}
	if (found > 0 && family == AF_UNIX)
		r = diag_unix(count_unix, count);
	else if (found > 0)
		r = diag_tcp(
		    family, ports, found, count->what, count_tcp, count);
	free(ports);
	return r;
}

static int
count_once(struct count *count)
{
	count->found = count->handshakes = 0;
	if (count_family(count, AF_INET) == -1 ||
	    count_family(count, AF_INET6) == -1 ||
	    count_family(count, AF_UNIX) == -1)
		return -1;
	return 0;
}

static int
count_all(struct count *count)
{
	int tries;

	for (tries = 0; tries < COUNT_TRIES; tries++) {
		if (count_once(count) == 0)
			return count->found;
		if (errno != EINTR)
			return -1;
	}
	errno = EAGAIN;
	return -1;
}

int
drain_count(const struct drain_set *set, const struct address *addresses,
    size_t n, int *handshakes)
{
	struct count count = { .set = set,
		.addresses = addresses,
		.n = n,
		.what =
		    handshakes != NULL ? DIAG_HANDSHAKES : DIAG_CONNECTIONS };
	int found = count_all(&count);

	if (handshakes != NULL)
		*handshakes = count.handshakes;
	return found;
}

int
drain_each(const struct drain_set *set, const struct address *addresses,
    size_t n, drain_fn *fn, void *arg)
{
	struct count count = { .set = set,
		.addresses = addresses,
		.n = n,
		.what = DIAG_ACTIVITY,
		.fn = fn,
		.arg = arg };

	if (count_family(&count, AF_INET) == -1 && errno != EINTR)
		return -1;
	if (count_family(&count, AF_INET6) == -1 && errno != EINTR)
		return -1;
	return 0;
}
