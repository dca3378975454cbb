/* SPDX-License-Identifier: ISC */
/*
 * Who may read and execute the private copy of a program: whoever might the
 * file itself, and nobody else.
 */
#ifndef PROCESS_IMAGE_RIGHTS_H
#define PROCESS_IMAGE_RIGHTS_H

/*
 * Give `copy`, a regular file of ours, the permissions and the group of
 * `original`, with its access list, acl(5), but nobody the right to write,
 * and never set-user-ID or set-group-ID.  The copy is ours, so its former
 * owner has an entry in the list where that makes a difference.  -1 with
 * errno: EOPNOTSUPP if the file system has no such lists and one is needed.
 */
int image_rights_copy(int original, int copy);

#endif
