/* SPDX-License-Identifier: ISC */
/*
 * Which backend of the shim a program gets, and why: the first row that fits.
 */
#include "process/shim.h"

#include <stddef.h>

struct question {
	const struct program_kind *kind;
	const struct shim_facts *facts;
};

static bool
is_foreign(const struct question *q)
{
	return !q->kind->native;
}

static bool
lacks_notify(const struct question *q)
{
	return !q->facts->notify;
}

static bool
cannot_inspect(const struct question *q)
{
	return !q->facts->inspect;
}

static bool
lacks_library(const struct question *q)
{
	return !q->facts->library;
}

static bool
has_long_path(const struct question *q)
{
	return q->facts->long_path;
}

static bool
is_go(const struct question *q)
{
	return q->kind->go;
}

static bool
is_static(const struct question *q)
{
	return q->kind->libc == PROGRAM_LIBC_NONE;
}

/* ld.so(8) is in secure-execution mode then, unless we are root already. */
static bool
is_set_id(const struct question *q)
{
	return q->kind->set_id && !q->facts->privileged;
}

static bool
needs_no_new_privs(const struct question *q)
{
	return !q->facts->privileged;
}

/* What prevents the use of a backend. */
static const struct obstacle {
	enum shim_backend backend;
	bool (*stands)(const struct question *);
	const char *why;
} obstacles[] = {
	{ SHIM_SECCOMP, is_foreign,
	    "seccomp: its system calls are of another architecture" },
	{ SHIM_SECCOMP, lacks_notify,
	    "seccomp: this kernel or container has no user notification" },
	{ SHIM_SECCOMP, cannot_inspect,
	    "seccomp: this user may not look into its own processes" },
	{ SHIM_SECCOMP, is_set_id,
	    "seccomp: no_new_privs would take the program's privilege" },
	{ SHIM_PRELOAD, is_foreign,
	    "preload: the library is of another architecture" },
	{ SHIM_PRELOAD, is_go,
	    "preload: a Go program makes its system calls without the C library" },
	{ SHIM_PRELOAD, is_static,
	    "preload: a static program loads no library" },
	{ SHIM_PRELOAD, is_set_id,
	    "preload: a set-user-ID program ignores LD_PRELOAD" },
	{ SHIM_PRELOAD, lacks_library,
	    "preload: libhotswap-preload.so is not installed" },
	{ SHIM_PRELOAD, has_long_path,
	    "preload: the path of its socket is longer than unix(7) has room "
	    "for; set HOTSWAP_RUNTIME_DIR to a shorter one" },
};

/* What --shim auto tries, in order. */
static const struct attempt {
	enum shim_backend backend;
	bool no_new_privs;
	const char *why;
} attempts[] = {
	{ SHIM_SECCOMP, false,
	    "seccomp: sees every program, and needs no no_new_privs here" },
	{ SHIM_PRELOAD, false,
	    "preload: the program is dynamic, and set-user-ID programs below "
	    "it go on working" },
	{ SHIM_SECCOMP, true,
	    "seccomp with no_new_privs: set-user-ID programs below it get no "
	    "privilege" },
};

/* The reason against a backend; NULL if there is none. */
static const char *
find_obstacle(enum shim_backend backend, const struct question *q)
{
	size_t i;

	for (i = 0; i < sizeof(obstacles) / sizeof(obstacles[0]); i++) {
		if (obstacles[i].backend == backend && obstacles[i].stands(q))
			return obstacles[i].why;
	}
	return NULL;
}

int
shim_choose(struct shim_choice *choice, enum shim_backend wanted,
    const struct program_kind *kind, const struct shim_facts *facts)
{
	const struct question q = { kind, facts };
	const struct attempt *attempt;
	const char *why;
	size_t i;

	*choice = (struct shim_choice){ .backend = SHIM_OFF,
		.why = "off: the program gets only the sockets of --listen" };
	if (wanted == SHIM_OFF)
		return 0;
	for (i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++) {
		attempt = &attempts[i];
		if (wanted != SHIM_AUTO && wanted != attempt->backend)
			continue;
		if ((why = find_obstacle(attempt->backend, &q)) != NULL) {
			choice->why = why;
			continue;
		}
		if (attempt->backend == SHIM_SECCOMP &&
		    attempt->no_new_privs != needs_no_new_privs(&q))
			continue;
		choice->backend = attempt->backend;
		choice->no_new_privs = attempt->no_new_privs;
		choice->why = attempt->why;
		return 0;
	}
	return -1;
}
