/* SPDX-License-Identifier: ISC */
/*
 * What a child inherits of our environment: all of it if it runs as we do; if
 * it runs as another user, what systemd's User= would give.
 */
#ifndef PROCESS_USER_ENV_H
#define PROCESS_USER_ENV_H

#include <stdbool.h>

struct account;

/*
 * The part of base, an environment of ours, that a child with this account
 * inherits.  For another user: PATH, LANG, LANGUAGE, LC_*, TZ,
 * HOTSWAP_RUNTIME_DIR and HOTSWAP_STATE_DIR, and HOME, USER, LOGNAME and SHELL
 * of that user.  all means that the operator has made our environment for the
 * service; then the child gets everything, but the last four are the user's.
 * account NULL: ourselves.  *New*, freed with strings_free; NULL with errno
 * ENOMEM.
 */
char **user_env(const struct account *, char *const *base, bool all);

/*
 * Has the operator made our environment for this service alone?  That is so if
 * a service manager has started hotswap (INVOCATION_ID), and in a container,
 * where pid is 1.
 */
bool user_env_is_made(int pid);

#endif
