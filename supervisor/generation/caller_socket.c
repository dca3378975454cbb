/* SPDX-License-Identifier: ISC */
/*
 * The socket of a call.
 */
#include "generation/caller_socket.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "generation/target.h"
#include "process/intercept_call.h"
#include "process/remote.h"
#include "traffic/directory.h"
#include "traffic/listener.h"

bool
caller_socket_is_bound(const struct intercept_call *call, struct address *own)
{
	struct sockaddr_storage storage;
	socklen_t len = sizeof(storage);

	if (getsockname(call->fd, (struct sockaddr *)&storage, &len) == -1)
		return false;
	if (call->family == AF_UNIX)
		return len > sizeof(sa_family_t);
	return address_set(own, call->type, (struct sockaddr *)&storage, len) ==
	    0 &&
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
caller_socket_adopt(const struct intercept_call *call,
    const struct target *target, struct listener *listener,
    unsigned int generation)
{
	struct directory *directory;
	int fd, r = -1;

	if (set_place(call, target, listener, &directory) == -1)
		return -1;
	if ((fd = fd_dup(call->fd)) != -1)
		r = listener_adopt(listener, generation, fd);
	listener_set_place(listener, NULL, 0077);
	directory_unref(directory);
	return r;
}
