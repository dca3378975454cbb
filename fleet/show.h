/* SPDX-License-Identifier: ISC */
/*
 * What the commands that show the fleet have in common.
 */
#ifndef FLEET_SHOW_H
#define FLEET_SHOW_H

struct fleet_arguments;
struct store;

/* Tell that the store did not do what it was asked, by errno; the status. */
int show_tell_store(const struct fleet_arguments *, struct store *);

#endif
