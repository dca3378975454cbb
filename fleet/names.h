/* SPDX-License-Identifier: ISC */
/*
 * Names of hosts, services and releases.  They become parts of keys, of paths
 * and of command lines, so that few characters are allowed.
 */
#ifndef FLEET_NAMES_H
#define FLEET_NAMES_H

#include <stdbool.h>

#define NAMES_MAX 64

/*
 * 1 to 64 of A-Z a-z 0-9 . _ + -, and the first is a letter or a digit: neither
 * a hidden file nor an option.
 */
bool names_is_valid(const char *);

#endif
