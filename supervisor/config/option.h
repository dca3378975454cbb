/* SPDX-License-Identifier: ISC */
/*
 * One option: its place in struct options, its row of the table, and how the
 * text of its kind is read.
 */
#ifndef CONFIG_OPTION_H
#define CONFIG_OPTION_H

#include <jansson.h>
#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

enum ready_kind {
	READY_AUTO,
	READY_NOTIFY,
	READY_LISTEN,
	READY_EXEC,
	READY_DELAY
};
enum on_unhealthy { UNHEALTHY_REPORT, UNHEALTHY_RESTART };
/* --steering */
enum steer_by { STEER_BY_AUTO, STEER_BY_EBPF, STEER_BY_CLASSIC };

enum strategy { STRATEGY_OVERLAP, STRATEGY_EXCLUSIVE };
enum restart_policy { RESTART_ALWAYS, RESTART_ON_FAILURE, RESTART_NEVER };

/* --ready: command is for READY_EXEC, delay_ms for READY_DELAY. */
struct ready_rule {
	enum ready_kind kind;
	unsigned int delay_ms;
	char *command;
};

/* --restart-limit N/T */
struct restart_limit {
	unsigned int count;
	unsigned int window_ms;
};

#define SHARE_LIST_MAX 100

/* --canary: percents from 0 to 99, each greater than the one before. */
struct share_list {
	size_t count;
	unsigned int percent[SHARE_LIST_MAX];
};

/*
 * Strings and lists are owned by the options; a list ends with NULL and is
 * never NULL itself.
 */
struct options {
	char *name;
	char *config;
	char **listen;
	unsigned int backlog;
	int shim;     /* enum shim_backend */
	int steering; /* enum steer_by */
	char *warm;   /* a URL; NULL: no warm-up */
	unsigned int warm_count;
	unsigned int warm_parallel;
	unsigned int udp_idle_ms; /* that ends a flow */
	char **ignore;
	unsigned int pass; /* enum pass_protocol, or-ed */
	char **health;
	unsigned int health_interval_ms;
	unsigned int health_timeout_ms;
	unsigned int health_passes;
	unsigned int health_failures;
	int on_unhealthy; /* enum on_unhealthy */
	struct ready_rule ready;
	unsigned int start_timeout_ms;
	char *check;
	struct share_list canary;
	unsigned int step_ms;
	int strategy; /* enum strategy */
	char **preview;
	unsigned int bake_ms;
	unsigned int keep_ms;
	int park_signal;	  /* 0: none */
	int unpark_signal;	  /* 0: none */
	unsigned int watchdog_ms; /* 0: none */
	unsigned int retain;
	unsigned int store_max;
	unsigned int drain_timeout_ms; /* OPTION_ENDLESS: no end */
	unsigned int drain_idle_ms;    /* 0: idle connections stay */
	int stop_signal;
	unsigned int stop_timeout_ms;
	int restart; /* enum restart_policy */
	struct restart_limit restart_limit;
	char *user;
	char *group;
	char *chdir;
	int umask; /* -1: not given */
	char **env;
	char *pidfile;
	char *child_pidfile;
	char **hook;
	char *control_group;
	int log_format;	      /* enum log_format */
	unsigned int log_max; /* bytes; 0: no bound */
	bool sticky;
	bool clear_env;
	bool no_new_privs;
	bool migrate_queued;
	bool no_image_copy;
	bool quiet;
	char *image_path;
	json_t *json; /* see options_to_json; NULL once a member is set */
};

enum option_kind {
	OPTION_FLAG,	 /* bool */
	OPTION_STRING,	 /* char * */
	OPTION_LIST,	 /* char **, may be repeated */
	OPTION_COUNT,	 /* unsigned int */
	OPTION_DURATION, /* unsigned int, milliseconds */
	OPTION_SIGNAL,	 /* int */
	OPTION_WORD,	 /* int, an index into words */
	OPTION_WORDS,  /* unsigned int, bits by index into words, comma list */
	OPTION_UMASK,  /* int, octal */
	OPTION_READY,  /* struct ready_rule */
	OPTION_LIMIT,  /* struct restart_limit */
	OPTION_SHARES, /* struct share_list */
	OPTION_SIZE,   /* unsigned int, bytes */
};

/* One row of the table. */
#define OPTION_ENDLESS UINT_MAX /* a duration without an end */

struct option_row {
	const char *name; /* name of the flag without dashes, and JSON key */
	char letter;	  /* of the short flag; 0: none */
	enum option_kind kind;
	size_t offset;	      /* in struct options */
	const char *metavar;  /* NULL for a flag */
	const char *fallback; /* the default, as text; NULL: none */
	bool endless;	      /* a duration that may be `none` */
	bool for_upgrade; /* an upgrade may set it; it stays set after that */
	bool for_members; /* a member of --control-group may set it, too */
	const char *const *words;
	int (*validate)(const char *text, const char **why); /* may be NULL */
	const char *help;
};

extern const struct option_row option_table[];
extern const size_t option_count;

#define OPTIONS_WHY 512 /* room for any reason, one line without its end */

/*
 * Split --listen's `[FDNAME=]ADDRESS`.  Returns the address, within text;
 * *name_len is the length of the name before it, 0 if there is no name.
 */
const char *options_listen_address(const char *text, size_t *name_len);

/*
 * Split --hook's `EVENT=COMMAND`.  Returns the command, within text, and sets
 * *event_len to the length of the event's name.  NULL if text does not begin
 * with an event that has hooks.
 */
const char *options_hook_command(const char *text, size_t *event_len);

/*
 * Take the + off a command.  A + asks for the supervisor's own rights instead
 * of those of --user.  Returns the part for the shell, within text.
 */
const char *options_command(const char *text, bool *ours);

/* Milliseconds: `500ms`, `10s`, `5m`, `1h`, `30`.  -1 with EINVAL, ERANGE. */
int options_duration(const char *text, unsigned int *ms);

/* Bytes: `500`, `64K`, `10M`, `1.5G`.  -1 with EINVAL, ERANGE. */
int options_size(const char *text, unsigned int *bytes);

/* A signal's number: `TERM`, `SIGTERM`, `RTMIN+1`, `15`.  -1 with EINVAL. */
int options_signal(const char *text);

#endif
