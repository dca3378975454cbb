/* SPDX-License-Identifier: ISC */
/*
 * Who may read and execute the private copy of a program: those who may read
 * and execute the file itself, and nobody else.
 */
#ifndef PROCESS_IMAGE_RIGHTS_H
#define PROCESS_IMAGE_RIGHTS_H

/*
 * Give copy, a regular file of ours, the permissions, the group and the access
 * list, acl(5), of original, but no right to write, set-user-ID or
 * set-group-ID.  copy is ours, so the owner of original gets an entry in the
 * list if that makes a difference.  -1 with errno: EOPNOTSUPP if a list is
 * needed and the file system has none.
 */
int image_rights_copy(int original, int copy);

#endif
