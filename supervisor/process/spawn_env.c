/* SPDX-License-Identifier: ISC */
/*
 * The words that a child gets: placeholders, its environment, and the variables
 * by which the protocols describe descriptors, hotswap-protocol(7).  Pure: our
 * environment is an argument.
 */
#include "process/spawn.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "announce.h"
#include "base/strings.h"
#include "process/child.h"
#include "process/origin.h"
#include "process/user_env.h"

/* K=V strings; the list always ends with NULL. */
struct env {
	char **list;
	size_t n;
	bool failed; /* out of memory, which must be noticed */
};

/*
 * Variables that are not handed on, since they were meant for us by whoever
 * started us, or by a supervisor above us.  The first row that fits decides; a
 * name that ends in _ stands for all names that begin with it.
 */
static const struct {
	const char *name;
	bool pass;
} inherited[] = {
	{ "HOTSWAP_RUNTIME_DIR", true }, /* the user's own settings, for */
	{ "HOTSWAP_STATE_DIR", true },	 /* hotswap commands in scripts */
	{ "HOTSWAP_", false },
	{ "FDSTORE", false },
	{ "LISTEN_FDS", false },
	{ "LISTEN_PID", false },
	{ "LISTEN_PIDFDID", false },
	{ "LISTEN_FDNAMES", false },
	{ "NOTIFY_SOCKET", false },
	{ "SYSTEMD_EXEC_PID", false },
	{ "WATCHDOG_PID", false },
	{ "WATCHDOG_USEC", false },
	{ "SERVER_STARTER_", false },
	{ "EINHORN_", false },
	{ "NGINX", false },
};

static bool
is_passed_on(const char *variable)
{
	size_t i, len;

	for (i = 0; i < sizeof(inherited) / sizeof(inherited[0]); i++) {
		len = strlen(inherited[i].name);
		if (strncmp(variable, inherited[i].name, len) == 0 &&
		    (variable[len] == '=' || inherited[i].name[len - 1] == '_'))
			return inherited[i].pass;
	}
	return true;
}

/* Replace the variable with the key of a K=V, *stolen*, or append the K=V. */
static void
env_put(struct env *env, char *variable)
{
	size_t key, i;
	char **more;

	if (variable == NULL) {
		env->failed = true;
		return;
	}
	key = strcspn(variable, "=");
	for (i = 0; i < env->n; i++)
		if (strncmp(env->list[i], variable, key) == 0 &&
		    env->list[i][key] == '=') {
			free(env->list[i]);
			env->list[i] = variable;
			return;
		}
	more = reallocarray(env->list, env->n + 2, sizeof(*more));
	if (more == NULL) {
		free(variable);
		env->failed = true;
		return;
	}
	env->list = more;
	env->list[env->n++] = variable;
	env->list[env->n] = NULL;
}

static void __attribute__((format(printf, 2, 3)))
env_set(struct env *env, const char *fmt, ...)
{
	char *variable;
	va_list args;

	va_start(args, fmt);
	if (vasprintf(&variable, fmt, args) == -1)
		variable = NULL;
	va_end(args);
	env_put(env, variable);
}

static void
env_inherit(struct env *env, char *const *base)
{
	for (; *base != NULL; base++)
		if (is_passed_on(*base))
			env_set(env, "%s", *base);
}

static void
env_inherit_as(
    struct env *env, const struct account *account, char *const *base, bool all)
{
	char **theirs = user_env(account, base, all);

	if (theirs == NULL)
		env->failed = true;
	else
		env_inherit(env, theirs);
	strings_free(theirs);
}

static void
env_name_generation(struct env *env, const char *name, unsigned int generation)
{
	env_set(env, "HOTSWAP_NAME=%s", name);
	env_set(env, "HOTSWAP_GENERATION=%u", generation);
	env_set(env, "HOTSWAP_SLOT=%u", generation % 2);
}

static char **
env_finish(struct env *env)
{
	if (!env->failed && env->list == NULL)
		env->list = calloc(1, sizeof(*env->list));
	if (!env->failed && env->list != NULL)
		return env->list;
	spawn_env_free(env->list);
	errno = ENOMEM;
	return NULL;
}

/* Writes how a protocol describes socket i. */
typedef void item_fn(FILE *, const struct spawn_socket *, int fd, size_t i);

static void
item_name(FILE *out, const struct spawn_socket *socket, int fd, size_t i)
{
	fprintf(out, "%s%s", i > 0 ? ":" : "",
	    socket->name != NULL ? socket->name : "unknown");
}

/* Server::Starter does not mark datagram sockets. */
static void
item_port(FILE *out, const struct spawn_socket *socket, int fd, size_t i)
{
	static const char mark[] = "udp:";
	const char *address = socket->address;

	if (strncmp(address, mark, sizeof(mark) - 1) == 0)
		address += sizeof(mark) - 1;
	fprintf(out, "%s%s=%d", i > 0 ? ";" : "", address, fd);
}

static void
item_spaced(FILE *out, const struct spawn_socket *socket, int fd, size_t i)
{
	fprintf(out, "%s%d", i > 0 ? " " : "", fd);
}

static void
item_ended(FILE *out, const struct spawn_socket *socket, int fd, size_t i)
{
	fprintf(out, "%d;", fd);
}

/* Set a variable from all sockets and the first nstored stored descriptors. */
static void
env_set_items(struct env *env, const char *key, const struct spawn *spawn,
    size_t nstored, item_fn *item)
{
	char *variable = NULL;
	size_t i, len;
	FILE *out;

	if ((out = open_memstream(&variable, &len)) == NULL) {
		env->failed = true;
		return;
	}
	fprintf(out, "%s=", key);
	for (i = 0; i < spawn->nsockets; i++)
		item(out, &spawn->sockets[i], CHILD_FD_FIRST + (int)i, i);
	for (; i < spawn->nsockets + nstored; i++)
		item(out, &spawn->stored[i - spawn->nsockets],
		    CHILD_FD_FIRST + (int)i, i);
	if (fclose(out) == EOF) {
		free(variable);
		variable = NULL;
	}
	env_put(env, variable);
}

static void
set_systemd(struct env *env, const struct spawn *spawn)
{
	env_set(env, "LISTEN_FDS=%zu", spawn->nsockets + spawn->nstored);
	env_set(env, "LISTEN_PID=%*s", SPAWN_PID_SIZE, "");
	env_set_items(env, "LISTEN_FDNAMES", spawn, spawn->nstored, item_name);
}

static void
set_server_starter(struct env *env, const struct spawn *spawn)
{
	env_set_items(env, "SERVER_STARTER_PORT", spawn, 0, item_port);
	env_set(env, "SERVER_STARTER_GENERATION=%u", spawn->generation);
}

/*
 * EINHORN_MASTER_PID is not set: a worker that finds it would connect to
 * einhorn's control socket to acknowledge.
 */
static void
set_einhorn(struct env *env, const struct spawn *spawn)
{
	size_t i;

	env_set(env, "EINHORN_FD_COUNT=%zu", spawn->nsockets);
	for (i = 0; i < spawn->nsockets; i++)
		env_set(env, "EINHORN_FD_%zu=%zu", i, CHILD_FD_FIRST + i);
	env_set_items(env, "EINHORN_FDS", spawn, 0, item_spaced);
	env_set(env, "EINHORN_CHILD_INDEX=0");
}

static void
set_nginx(struct env *env, const struct spawn *spawn)
{
	env_set_items(env, "NGINX", spawn, 0, item_ended);
}

static const struct {
	enum pass_protocol protocol;
	void (*set)(struct env *, const struct spawn *);
} protocols[] = {
	{ PASS_SYSTEMD, set_systemd },
	{ PASS_SERVER_STARTER, set_server_starter },
	{ PASS_EINHORN, set_einhorn },
	{ PASS_NGINX, set_nginx },
};

static bool
has_items(const struct spawn *spawn, enum pass_protocol protocol)
{
	return spawn->nsockets > 0 ||
	    (protocol == PASS_SYSTEMD && spawn->nstored > 0);
}

/* The value of a variable, within its string; NULL if it is not set. */
static char *
env_find(const struct env *env, const char *key)
{
	size_t len = strlen(key), i;

	for (i = 0; i < env->n; i++)
		if (strncmp(env->list[i], key, len) == 0 &&
		    env->list[i][len] == '=')
			return env->list[i] + len + 1;
	return NULL;
}

/* After the libraries that the user wants to be loaded, ld.so(8). */
static void
set_library(struct env *env, const struct spawn *spawn)
{
	const char *others = env_find(env, "LD_PRELOAD");
	bool any = others != NULL && others[0] != '\0';

	env_set(env, "LD_PRELOAD=%s%s%s", any ? others : "", any ? ":" : "",
	    spawn->library);
	env_set(env, ANNOUNCE_ENV "=%s", spawn->library_sock);
	if (spawn->library_connect)
		env_set(env, ANNOUNCE_CONNECT_ENV "=1");
}

/* sd_watchdog_enabled(3); the child fills in the PID. */
static void
set_watchdog(struct env *env, const struct spawn *spawn)
{
	env_set(env, "WATCHDOG_USEC=%llu", spawn->watchdog_ms * 1000ULL);
	env_set(env, "WATCHDOG_PID=%*s", SPAWN_PID_SIZE, "");
}

/* A name alone takes our value, if we have one that we may hand on. */
static void
env_put_own(struct env *env, const struct spawn *spawn, char *const *base,
    const char *own)
{
	size_t len = strlen(own);

	if (strchr(own, '=') != NULL) {
		env_put(env, spawn_expand(own, spawn->name, spawn->generation));
		return;
	}
	for (; *base != NULL; base++)
		if (strncmp(*base, own, len) == 0 && (*base)[len] == '=' &&
		    is_passed_on(*base))
			env_set(env, "%s", *base);
}

char **
spawn_arguments(const struct spawn *spawn)
{
	char **argv = strings_copy(spawn->image->argv), **argument, *text;
	const struct image_plan *plan = spawn->plan;

	for (argument = argv; argument != NULL && *argument != NULL;
	     argument++) {
		if (argument == argv && plan->invoked[0] == '\0')
			continue;
		if (argument == argv)
			text = strdup(plan->invoked);
		else if (argument - argv == plan->argument)
			text = strdup(plan->script);
		else
			text = spawn_expand(
			    *argument, spawn->name, spawn->generation);
		if (text == NULL) {
			strings_free(argv);
			return NULL;
		}
		free(*argument);
		*argument = text;
	}
	return argv;
}

char **
spawn_env(const struct spawn *spawn, const struct account *account,
    char *const *base, char *pids[static SPAWN_PIDS])
{
	const struct image *image = spawn->image;
	struct env env = { .failed = false };
	bool systemd = spawn->protocols & PASS_SYSTEMD;
	char *const *own;
	size_t i;

	if (!image->clear_env)
		env_inherit_as(&env, account, base, spawn->all_env);
	for (own = image->env; own != NULL && *own != NULL; own++)
		env_put_own(&env, spawn, base, *own);
	env_name_generation(&env, spawn->name, spawn->generation);
	if (spawn->mark != NULL)
		env_set(&env, ORIGIN_VARIABLE "=%s", spawn->mark);
	if (spawn->notify_path != NULL)
		env_set(&env, "NOTIFY_SOCKET=%s", spawn->notify_path);
	if (spawn->watchdog_ms > 0)
		set_watchdog(&env, spawn);
	if (spawn->library != NULL)
		set_library(&env, spawn);
	/* As systemd does, so that a program knows that there is a store. */
	if (systemd && spawn->store_max > 0)
		env_set(&env, "FDSTORE=%u", spawn->store_max);
	for (i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++)
		if (spawn->protocols & protocols[i].protocol &&
		    has_items(spawn, protocols[i].protocol))
			protocols[i].set(&env, spawn);
	pids[0] = systemd && has_items(spawn, PASS_SYSTEMD)
	    ? env_find(&env, "LISTEN_PID")
	    : NULL;
	pids[1] =
	    spawn->watchdog_ms > 0 ? env_find(&env, "WATCHDOG_PID") : NULL;
	return env_finish(&env);
}

char **
spawn_helper_env(const struct account *account, bool all, const char *name,
    unsigned int generation, pid_t pid, const char *const *extra)
{
	struct env env = { .failed = false };

	env_inherit_as(&env, account, environ, all);
	env_name_generation(&env, name, generation);
	env_set(&env, "HOTSWAP_PID=%d", (int)pid);
	env_set(&env, "HOTSWAP_ROLE=helper");
	for (; extra != NULL && *extra != NULL; extra++)
		env_set(&env, "%s", *extra);
	return env_finish(&env);
}

void
spawn_env_free(char **list)
{
	strings_free(list);
}

/* Write the value of a placeholder.  Its length in text; 0 if it is none. */
static size_t
write_placeholder(
    FILE *out, const char *text, const char *name, unsigned int generation)
{
	static const char words[][16] = { "{name}", "{generation}", "{slot}" };
	const size_t n = sizeof(words) / sizeof(words[0]);
	size_t i;

	for (i = 0; i < n; i++)
		if (strncmp(text, words[i], strlen(words[i])) == 0)
			break;
	if (i == n)
		return 0;
	if (i == 0)
		fputs(name, out);
	else
		fprintf(out, "%u", i == 1 ? generation : generation % 2);
	return strlen(words[i]);
}

char *
spawn_expand(const char *text, const char *name, unsigned int generation)
{
	char *expanded = NULL;
	size_t size, len;
	FILE *out;

	if ((out = open_memstream(&expanded, &size)) == NULL)
		return NULL;
	while (*text != '\0') {
		len = write_placeholder(out, text, name, generation);
		if (len == 0)
			fputc(*text++, out);
		text += len;
	}
	if (fclose(out) == EOF) {
		free(expanded);
		errno = ENOMEM;
		return NULL;
	}
	return expanded;
}
