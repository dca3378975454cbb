/* SPDX-License-Identifier: ISC */
/*
 * What the table demands of an option's text beyond its kind.  Each function
 * returns 0; or -1 with *why set to a static phrase.  Pure.
 */
#ifndef CONFIG_OPTION_CHECK_H
#define CONFIG_OPTION_CHECK_H

/* Letters, digits, `.`, `_`, `-`, at most 64: the name becomes a file name. */
int option_check_name(const char *text, const char **why);

int option_check_address(const char *text, const char **why);

/* `[FDNAME=]ADDRESS` */
int option_check_listen(const char *text, const char **why);

/* The URL of a health check, by its scheme. */
int option_check_health(const char *text, const char **why);

int option_check_log_max(const char *text, const char **why);

/* `K=V`, or a name alone. */
int option_check_env(const char *text, const char **why);

/* A source network: `10.1.0.0/16`, `2001:db8::/32`, or one address. */
int option_check_net(const char *text, const char **why);

/* `EVENT=COMMAND`, as options_hook_command takes it apart. */
int option_check_hook(const char *text, const char **why);

/* A shell command, as options_command takes it apart. */
int option_check_command(const char *text, const char **why);

/* A rule of --ready; only the command of `exec:` is checked. */
int option_check_ready(const char *text, const char **why);

/* A URL of --warm, and how many connections a warm-up may have. */
int option_check_warm(const char *text, const char **why);
int option_check_parallel(const char *text, const char **why);

/* A count or a duration that must be more than 0. */
int option_check_positive(const char *text, const char **why);

#endif
