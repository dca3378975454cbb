/* SPDX-License-Identifier: ISC */
/*
 * An access list as the kernel stores it: entries for the owner, for users, for
 * the group, for groups, the mask of all these except the owner, and the
 * others, in this order; linux/posix_acl_xattr.h.  A mode is a list of three
 * entries.
 */
#include "process/image_rights.h"

#include <endian.h>
#include <errno.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#define NAME	    "system.posix_acl_access"
#define ENTRIES_MAX 256
#define NO_WRITING  (ACL_READ | ACL_EXECUTE)

struct list {
	struct posix_acl_xattr_header header;
	struct posix_acl_xattr_entry entries[ENTRIES_MAX];
	size_t n;
};

static void
add(struct list *list, uint16_t tag, unsigned int perm, uint32_t id)
{
	list->entries[list->n++] =
	    (struct posix_acl_xattr_entry){ .e_tag = htole16(tag),
		    .e_perm = htole16(perm & NO_WRITING),
		    .e_id = htole32(id) };
}

/* Read the list of the file, or make one from its mode if it has none. */
static int
read_list(struct list *list, int fd, const struct stat *st)
{
	const size_t begin = offsetof(struct list, entries);
	ssize_t size;

	size = fgetxattr(fd, NAME, list, begin + sizeof(list->entries));
	if (size >= (ssize_t)begin) {
		list->n = ((size_t)size - begin) / sizeof(list->entries[0]);
		return 0;
	}
	if (size == -1 && errno != ENODATA && errno != EOPNOTSUPP)
		return -1;
	list->n = 0;
	add(list, ACL_USER_OBJ, st->st_mode >> 6, ACL_UNDEFINED_ID);
	add(list, ACL_GROUP_OBJ, st->st_mode >> 3, ACL_UNDEFINED_ID);
	add(list, ACL_OTHER, st->st_mode, ACL_UNDEFINED_ID);
	return 0;
}

/* The permissions of the only entry with that tag, or fallback. */
static unsigned int
find(const struct list *list, uint16_t tag, unsigned int fallback)
{
	size_t i;

	for (i = 0; i < list->n; i++)
		if (le16toh(list->entries[i].e_tag) == tag)
			return le16toh(list->entries[i].e_perm) & NO_WRITING;
	return fallback;
}

/* Add all entries with that tag, with the mask applied. */
static void
add_all(
    struct list *to, const struct list *from, uint16_t tag, unsigned int mask)
{
	const struct posix_acl_xattr_entry *entry;
	size_t i;

	for (i = 0; i < from->n && to->n < ENTRIES_MAX; i++) {
		entry = &from->entries[i];
		if (le16toh(entry->e_tag) == tag)
			add(to, tag, le16toh(entry->e_perm) & mask,
			    le32toh(entry->e_id));
	}
}

/* The owner's entry is ours in the copy; the former owner becomes a user. */
static void
translate(struct list *to, const struct list *from, uid_t owner)
{
	unsigned int mask = find(from, ACL_MASK, NO_WRITING);
	unsigned int theirs = find(from, ACL_USER_OBJ, 0);

	to->header.a_version = htole32(POSIX_ACL_XATTR_VERSION);
	to->n = 0;
	add(to, ACL_USER_OBJ, NO_WRITING, ACL_UNDEFINED_ID);
	if (owner != geteuid())
		add(to, ACL_USER, theirs, owner);
	add_all(to, from, ACL_USER, mask);
	add_all(to, from, ACL_GROUP_OBJ, mask);
	add_all(to, from, ACL_GROUP, mask);
	add(to, ACL_MASK, NO_WRITING, ACL_UNDEFINED_ID);
	add(to, ACL_OTHER, find(from, ACL_OTHER, 0), ACL_UNDEFINED_ID);
}

/* Whether the list tells only owner, group and others apart. */
static bool
is_mode(const struct list *from, uid_t owner)
{
	unsigned int theirs = find(from, ACL_USER_OBJ, 0);

	return from->n == 3 &&
	    (owner == geteuid() ||
		(find(from, ACL_GROUP_OBJ, 0) == theirs &&
		    find(from, ACL_OTHER, 0) == theirs));
}

int
image_rights_copy(int original, int copy)
{
	struct list from, to;
	struct stat st;
	mode_t mode;

	if (fstat(original, &st) == -1 || read_list(&from, original, &st) == -1)
		return -1;
	if (from.n > ENTRIES_MAX - 3) {
		errno = E2BIG;
		return -1;
	}
	mode = S_IRUSR | S_IXUSR | find(&from, ACL_GROUP_OBJ, 0) << 3 |
	    find(&from, ACL_OTHER, 0);
	/* We cannot give rights to a group that we are not in. */
	if (fchown(copy, -1, st.st_gid) == -1)
		mode &= ~S_IRWXG;
	if (is_mode(&from, st.st_uid) || geteuid() != 0) {
		fremovexattr(copy, NAME);
		return fchmod(copy, mode);
	}
	/* First the mode, so that nobody has more rights meanwhile. */
	if (fchmod(copy, S_IRUSR | S_IXUSR) == -1)
		return -1;
	translate(&to, &from, st.st_uid);
	return fsetxattr(copy, NAME, &to,
	    offsetof(struct list, entries) + to.n * sizeof(to.entries[0]), 0);
}
