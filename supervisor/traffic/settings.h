/* SPDX-License-Identifier: ISC */
/*
 * What a program has set on its socket, to be kept when the program gets
 * another socket instead.
 */
#ifndef TRAFFIC_SETTINGS_H
#define TRAFFIC_SETTINGS_H

/*
 * Copy settings of a socket to another one: those that are set before bind(2)
 * and do not decide where it is bound, and its multicast groups.  A setting
 * that cannot be copied is skipped.
 */
void settings_copy(int from, int to);

/* And those that decide what the other one may bind.  It is not bound yet. */
void settings_copy_all(int from, int to);

#endif
