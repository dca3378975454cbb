/* SPDX-License-Identifier: ISC */
/*
 * The socket of a call.
 */
#include "generation/caller_socket.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/sockopt.h"
#include "generation/target.h"
#include "process/intercept.h"
#include "process/remote.h"
#include "traffic/directory.h"
#include "traffic/endpoint.h"
#include "traffic/listener.h"
#include "traffic/settings.h"

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

bool
caller_socket_is_bound(const struct intercept_call *call, struct address *own)
{
	struct sockaddr_storage storage;
	socklen_t len = sizeof(storage);

	if (getsockname(call->fd, (struct sockaddr *)&storage, &len) == -1)
		return false;
	if (call->family == AF_UNIX)
		return len > sizeof(sa_family_t);
	return endpoint_address(call->fd, call->type, own) == 0 &&
	    address_port(own) != 0;
}

/*
 * Set the directory, with the rights that are used there; the socket's file
 * gets the owner and mode that the program would give it.  *directory is *new*,
 * or NULL without a path; -1 with errno.
 */
static int
set_place(const struct intercept_call *call, const struct target *target,
    struct listener *listener, struct directory **directory)
{
	const struct caller_path *path = &target->path;
	int mask = remote_umask(call->pid);

	*directory = NULL;
	if (!target->has_path)
		return 0;
	*directory =
	    directory_new(fd_dup(path->directory), path->text, &path->who);
	if (*directory == NULL ||
	    listener_set_owner(listener, &path->who) == -1) {
		directory_unref(*directory);
		return -1;
	}
	listener_set_place(
	    listener, *directory, mask != -1 ? (mode_t)mask : 0077);
	return 0;
}

int
caller_socket_adopt(struct intercept_call *call, const struct target *target,
    struct listener *listener, unsigned int generation)
{
	struct directory *directory;
	int fd, r = -1;

	if (set_place(call, target, listener, &directory) == -1)
		return -1;
	if ((fd = fd_dup(call->fd)) != -1)
		r = listener_adopt(listener, generation, fd);
	call->kept |= r == 0;
	listener_set_place(listener, NULL, 0077);
	directory_unref(directory);
	return r;
}

/* A socket like the caller's, with its owner; *new*, -1 with errno. */
static int
make_plain(const struct intercept_call *call)
{
	struct stat st;
	int fd = socket(call->family, call->type | SOCK_CLOEXEC, IPPROTO_TCP);

	if (fd == -1)
		return -1;
	if (fstat(call->fd, &st) == -1 ||
	    (st.st_uid != geteuid() && fchown(fd, st.st_uid, st.st_gid) == -1))
		fd_close(&fd);
	else
		settings_copy_all(call->fd, fd);
	return fd;
}

static int
use_plain(struct intercept_call *call)
{
	int fd;

	if (call->protocol != IPPROTO_MPTCP)
		return 0;
	fd = make_plain(call);
	return fd == -1 ? -1 : intercept_exchange(call, fd);
}

int
caller_socket_bind(struct intercept_call *call, struct listener *listener)
{
	return use_plain(call) == 0 ? listener_bind(listener, call->fd) : -1;
}

bool
caller_socket_may_repeat(
    const struct intercept_call *call, const struct listener *listener)
{
	return sockopt_is_set(call->fd, SOL_SOCKET, SO_REUSEPORT) ||
	    (call->type == SOCK_DGRAM && listener_kind(listener) == KIND_EBPF &&
		sockopt_is_set(call->fd, SOL_SOCKET, SO_REUSEADDR));
}
