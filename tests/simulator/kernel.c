/* SPDX-License-Identifier: ISC */
/*
 * Objects, the supervisor's descriptors, and files by path.
 */
#include "kernel.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "world.h"

char (*file_bytes)[FILE_ROOM];

void
kernel_begin(void)
{
	struct kernel *k = &W->kernel;
	int i;

	for (i = 0; i < DESCRIPTORS; i++)
		k->fds[i] = -1;
	for (i = 0; i < NAMES; i++)
		k->names[i].object = -1;
	for (i = 0; i < HELD; i++)
		k->held[i].object = -1;
}

/* OBJECTS */

struct object *
object_at(int object)
{
	return &W->kernel.objects[object];
}

static int
take_file(void)
{
	int i;

	for (i = 0; i < FILES; i++)
		if (!W->kernel.files[i]) {
			W->kernel.files[i] = true;
			return i;
		}
	broken("simulator", "too many files");
}

int
object_new(enum kind kind)
{
	struct object *o;
	int i;

	for (i = 0; i < OBJECTS; i++)
		if (object_at(i)->kind == NOTHING)
			break;
	if (i == OBJECTS)
		broken("simulator", "too many objects");
	o = object_at(i);
	*o = (struct object){
		.kind = kind, .refs = 1, .cookie = ++W->kernel.last_cookie
	};
	if (kind == FILE_OBJECT)
		o->file = take_file();
	return i;
}

void
object_ref(int object)
{
	object_at(object)->refs++;
}

void
object_unref(int object)
{
	struct object *o = object_at(object);

	if (--o->refs > 0)
		return;
	if (o->kind == SOCKET)
		socket_end(object);
	if (o->kind == FILE_OBJECT)
		W->kernel.files[o->file] = false;
	o->kind = NOTHING;
}

/* DESCRIPTORS */

int
fd_new(int object)
{
	int i;

	/* The first three are the standard ones. */
	for (i = 3; i < DESCRIPTORS; i++)
		if (W->kernel.fds[i] == -1) {
			W->kernel.fds[i] = object;
			return i;
		}
	object_unref(object);
	errno = EMFILE;
	return -1;
}

int
fd_object(int fd)
{
	if (fd >= 3 && fd < DESCRIPTORS && W->kernel.fds[fd] != -1)
		return W->kernel.fds[fd];
	errno = EBADF;
	return -1;
}

struct object *
fd_at(int fd, enum kind kind)
{
	int object = fd_object(fd);

	if (object == -1)
		return NULL;
	if (object_at(object)->kind == kind)
		return object_at(object);
	errno = kind == SOCKET ? ENOTSOCK : EINVAL;
	return NULL;
}

static bool
has_report(void)
{
	int i;

	for (i = 0; i < W->kernel.nreports; i++)
		if (W->kernel.reports[i].us <= W->now_us)
			return true;
	return false;
}

bool
fd_is_readable(int fd)
{
	const struct object *o;
	const struct process *p;
	int object = fd_object(fd);

	if (object == -1)
		return false;
	o = object_at(object);
	switch (o->kind) {
	case SOCKET:
		return o->queued > 0;
	case NOTIFY:
		return o->nmessages > 0;
	case PIDFD:
		p = process_find(o->pid);
		return p == NULL || p->ended;
	case CONTROL:
		return people_wait();
	case CHANNEL:
		return has_report();
	default:
		return false;
	}
}

int
close(int fd)
{
	int object;

	step("close");
	if ((object = fd_object(fd)) == -1)
		return -1;
	W->kernel.fds[fd] = -1;
	object_unref(object);
	return 0;
}

void
fds_close_all(void)
{
	int i, object;

	for (i = 0; i < DESCRIPTORS; i++) {
		if ((object = W->kernel.fds[i]) == -1)
			continue;
		W->kernel.fds[i] = -1;
		object_unref(object);
	}
}

int
fds_count(void)
{
	int i, n = 0;

	for (i = 0; i < DESCRIPTORS; i++)
		n += W->kernel.fds[i] != -1;
	return n;
}

/* NAMES */

int
name_find(const char *path)
{
	int i;

	for (i = 0; i < NAMES; i++)
		if (W->kernel.names[i].object != -1 &&
		    strcmp(W->kernel.names[i].path, path) == 0)
			return i;
	return -1;
}
