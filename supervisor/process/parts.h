/* SPDX-License-Identifier: ISC */
/*
 * The paths of hotswap's other files: beside the running binary as the build
 * has them, else where `make install` puts them.
 */
#ifndef PROCESS_PARTS_H
#define PROCESS_PARTS_H

enum part { PART_PROBER, PART_PRELOAD, PART_FLEET };

/* The path of a part, which may not exist; static, until the next call. */
const char *parts_path(enum part);

#endif
