/* SPDX-License-Identifier: ISC */
/*
 * The version, in one object, so that two builds differ in nothing else.
 */
#ifndef BASE_VERSION_H
#define BASE_VERSION_H

extern const char version_text[]; /* `1.2.3` */

#endif
