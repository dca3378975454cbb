/* SPDX-License-Identifier: ISC */
/*
 * A host's part in rollouts of the fleet: it waits for a grant, claims it, has
 * the supervisor of its host carry it out, and reports the outcome.
 */
#ifndef FLEET_AGENT_H
#define FLEET_AGENT_H

struct conf;
struct store;

struct agent_options {
	const char *service;
	const char *exe;     /* path of the program; {release} stands in it */
	const char *fetch;   /* command that brings a release, or NULL */
	const char *link;    /* symbolic link to the release, or NULL */
	const char *release; /* that serves at the beginning, or NULL */
	const char *address; /* for balancers, or NULL */
};

/* Serve until a signal ends the process.  Returns an exit status. */
int agent_run(
    const struct conf *, struct store *, const struct agent_options *);

#endif
