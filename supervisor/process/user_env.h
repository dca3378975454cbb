/* SPDX-License-Identifier: ISC */
/*
 * What a child inherits of our environment: all of it where it runs as we
 * do; where it runs as somebody else, what systemd's User= would give.
 */
#ifndef PROCESS_USER_ENV_H
#define PROCESS_USER_ENV_H

#include <stdbool.h>

struct account;

/*
 * Of base, an environment of ours, what a child that runs as the account
 * inherits.  Where that is another user: PATH, LANG, LANGUAGE, LC_* and TZ,
 * hotswap's own HOTSWAP_RUNTIME_DIR and HOTSWAP_STATE_DIR, and HOME, USER,
 * LOGNAME and SHELL of that user; with all, which means that the operator has
 * made this environment for the service, everything but for those four.
 * account NULL: ourselves.  *New*, to be freed with strings_free; NULL with
 * errno ENOMEM.
 */
char **user_env(const struct account *, char *const *base, bool all);

/*
 * Has the operator made our environment for this service alone?  That is so
 * where a service manager has started hotswap (INVOCATION_ID), and in a
 * container, whose first process is pid.
 */
bool user_env_is_made(int pid);

#endif
