/* SPDX-License-Identifier: ISC */
/*
 * Starting an image, with exactly the descriptors, environment, signals,
 * directory and user that it shall have.
 */
#ifndef PROCESS_SPAWN_H
#define PROCESS_SPAWN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "process/image.h"
#include "process/image_plan.h"

struct account;
struct filter;

enum pass_protocol {
	PASS_SYSTEMD = 1 << 0,
	PASS_SERVER_STARTER = 1 << 1,
	PASS_EINHORN = 1 << 2,
	PASS_NGINX = 1 << 3,
};

/* A listening socket to pass.  Text is borrowed. */
struct spawn_socket {
	int fd;
	const char *name;    /* for LISTEN_FDNAMES; NULL: unknown */
	const char *address; /* for SERVER_STARTER_PORT: host:port, path */
};

struct spawn {
	const struct image *image;
	const struct image_plan *plan; /* how it is started, of image */
	const char *name;	       /* of the service */
	unsigned int generation;
	const char *notify_path;	    /* NULL: none */
	const char *mark;		    /* HOTSWAP_MARK; NULL: none */
	unsigned int protocols;		    /* enum pass_protocol, or-ed */
	const struct spawn_socket *sockets; /* from descriptor 3 on */
	size_t nsockets;
	const int *output;	  /* its stdout and stderr; NULL: ours */
	unsigned int watchdog_ms; /* period of WATCHDOG=1; 0: none */
	const struct spawn_socket *stored; /* after them, for PASS_SYSTEMD */
	size_t nstored;			   /* only; without addresses */
	unsigned int store_max;		   /* that it may store; 0: none */
	bool all_env; /* for user_env: our environment is for this service */

	/*
	 * How the supervisor learns of bind(2) and listen(2): by one, or not at
	 * all.
	 */
	const struct filter *filter; /* put on the child; NULL: none */
	int filter_sock;	     /* for filter_install */
	const char *library;	     /* added to LD_PRELOAD; NULL: none */
	const char *library_sock;    /* the path that HOTSWAP_SHIM names */
	bool library_connect;	     /* the library tells of connect(2) too */
};

/*
 * Start the image as leader of a new session.  Placeholders in arguments and
 * environment are replaced; argv[0] stays as it is.  Returns the PID once the
 * image's bytes run; -1 with why (one line that names the file, the step that
 * failed, and the cause) and the errno of that step, and no process is left.
 * *of_way tells then whether only this plan has failed, and another way may be
 * open, image_plan_next.
 */
pid_t spawn_start(const struct spawn *, bool *of_way, char *why, size_t size);

/*
 * Replace {name}, {generation} and {slot} (0 or 1, alternating).  *New*;
 * NULL with ENOMEM.
 */
char *spawn_expand(const char *text, const char *name, unsigned int generation);

/*
 * The program's arguments: spawn_expand of all but argv[0], and what the plan
 * puts in the place of argv[0] and of the script, as it is.  *New*,
 * strings_free; NULL with ENOMEM.
 */
char **spawn_arguments(const struct spawn *);

/*
 * The environment of the program, in this order: what user_env gives the
 * account of base (nothing with clear_env) without variables that were meant
 * for us; the image's own variables, where a name without = takes its value
 * from base; HOTSWAP_NAME, HOTSWAP_GENERATION, HOTSWAP_SLOT, HOTSWAP_MARK,
 * NOTIFY_SOCKET, WATCHDOG_USEC and WATCHDOG_PID; LD_PRELOAD and HOTSWAP_SHIM
 * with a library; and the protocols' variables if there is something to pass.
 * *New*, freed with spawn_env_free; NULL with ENOMEM.
 *
 * Only the child knows the number for LISTEN_PID and WATCHDOG_PID.  pids point
 * to the places in these variables, of SPAWN_PID_SIZE bytes, for the number;
 * NULL if there is no such variable.
 */
#define SPAWN_PID_SIZE 12
#define SPAWN_PIDS     2
char **spawn_env(const struct spawn *, const struct account *,
    char *const *base, char *pids[static SPAWN_PIDS]);

/*
 * The environment of checks and hooks, which run beside a generation: what
 * user_env gives the account (NULL: ourselves) of our environment without
 * variables that were meant for us; HOTSWAP_NAME, HOTSWAP_GENERATION,
 * HOTSWAP_SLOT, HOTSWAP_PID; HOTSWAP_ROLE=helper, which tells them from the
 * service's own processes; then the NULL-terminated extra.  *New*, freed with
 * spawn_env_free; NULL with ENOMEM.
 */
char **spawn_helper_env(const struct account *, bool all, const char *name,
    unsigned int generation, pid_t, const char *const *extra);
void spawn_env_free(char **);

#endif
