/* SPDX-License-Identifier: ISC */
/*
 * Where the other files that hotswap consists of are: beside the running
 * binary as the build has them, else where `make install` puts them.
 */
#ifndef PROCESS_PARTS_H
#define PROCESS_PARTS_H

enum part { PART_PROBER, PART_PRELOAD };

/* Its path, which need not exist; static, until it is asked for again. */
const char *parts_path(enum part);

#endif
