/* SPDX-License-Identifier: ISC */
/*
 * The version, in an object of its own: two builds of the same sources differ
 * only in it.
 */
#ifndef BASE_VERSION_H
#define BASE_VERSION_H

extern const char version_text[]; /* `1.2.3` */

#endif
