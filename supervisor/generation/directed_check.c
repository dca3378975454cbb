/* SPDX-License-Identifier: ISC */
/*
 * A check is made by the prober, by a shell, or, the built-in one, by us.
 */
#include "generation/directed_check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/options.h"
#include "core/service.h"
#include "generation/check_source.h"
#include "generation/helper.h"
#include "generation/roster.h"
#include "process/probe.h"
#include "traffic/accept.h"
#include "traffic/directory.h"

#define EXEC "exec:"

/* One of accept and probe is under way. */
struct directed_check {
	struct generation *generation;
	enum directed_kind kind;
	directed_check_fn *fn;
	void *arg;
	struct accept_check *accept;
	struct probe *probe;
};

static void
check_done(bool passed, const char *why, void *arg)
{
	struct directed_check *check = arg;
	const struct directed_check copy = *check;

	free(check);
	copy.fn(passed, why, copy.arg);
}

/*
 * The name and the directory of this generation's socket in the listener that a
 * check `unix:PATH` names, whatever follows PATH; NULL if it names no listener.
 */
static const char *
find_unix(const struct generation *generation, const char *check,
    const struct directory **directory)
{
	const struct service *service = generation->service;
	char text[ADDRESS_STRLEN];
	const char *name;
	size_t i, n;

	if (strncmp(check, "unix:", 5) != 0)
		return NULL;
	for (i = 0; i < service->nlisteners; i++) {
		address_format(listener_address(service->listeners[i]), text);
		n = strlen(text);
		if (strncmp(check + 5, text, n) != 0 ||
		    (check[5 + n] != '\0' && check[5 + n] != ':'))
			continue;
		name = listener_private(
		    service->listeners[i], generation->number, directory);
		if (name != NULL)
			return name;
	}
	return NULL;
}

/*
 * The prober connects to the generation's own Unix socket with the rights with
 * which the socket was bound, and to any other with those of the program.  In a
 * directory that only we can change the rights are ours: the prober connects,
 * and then gives them up.
 */
static struct probe *
start_probe(struct directed_check *check, const char *text,
    struct command_spec *command, const char *source)
{
	const struct directory *directory;
	struct service *service = check->generation->service;
	const struct options *options = service->options;
	struct probe_spec spec = {
		.check = text, .source = source, .command = command
	};
	bool ours;

	if (check->kind == DIRECTED_WARM_UP) {
		spec.warm = options->warm_count;
		spec.parallel = options->warm_parallel;
	}

	if (strncmp(text, EXEC, strlen(EXEC)) == 0) {
		spec.shell = options_command(text + strlen(EXEC), &ours);
	} else {
		spec.unix_path = find_unix(check->generation, text, &directory);
		if (spec.unix_path != NULL) {
			command->directory_fd = directory_fd(directory);
			if (directory_is_ours(directory))
				command->account = NULL;
		}
	}
	return probe_start(service->base, &spec, check_done, check);
}

static int
begin_probe(
    struct directed_check *check, const char *pattern, char *why, size_t size)
{
	struct generation *generation = check->generation;
	const struct options *options = generation->service->options;
	bool is_command = strncmp(pattern, EXEC, strlen(EXEC)) == 0;
	char source[CHECK_SOURCE], variable[CHECK_SOURCE + 32];
	const char *extra[] = { variable, NULL };
	struct helper helper = { .command =
				     is_command ? pattern + strlen(EXEC) : NULL,
		.generation = generation->number,
		.pid = program_main(generation->program),
		.extra = extra,
		.timeout_ms = check->kind == DIRECTED_WARM_UP
		    ? options->start_timeout_ms / 2
		    : options->health_timeout_ms };
	struct command_spec command;
	char *text;

	text = spawn_expand(pattern, options->name, generation->number);
	if (text == NULL) {
		snprintf(why, size, "%s", strerror(errno));
		return -1;
	}
	check_source(generation, text, source);
	snprintf(variable, sizeof(variable), "HOTSWAP_PROBE_SOURCE=%s", source);
	if (helper_prepare(generation->service, &helper, &command, why, size) ==
	    0) {
		check->probe = start_probe(check, text, &command, source);
		if (check->probe == NULL)
			snprintf(why, size, "%s", strerror(errno));
		helper_release(&command);
	}
	free(text);
	return check->probe != NULL ? 0 : -1;
}

static struct listener *
find_listener(const struct address *address, void *arg)
{
	const struct directed_check *check = arg;

	return roster_find(check->generation->service, address);
}

/* Check every address at which the generation has a socket. */
static int
begin_accept(struct directed_check *check, char *why, size_t size)
{
	const struct generation *generation = check->generation;
	const struct service *service = generation->service;
	struct address *addresses;
	size_t i, n, count = 0;

	addresses = calloc(service->nlisteners + 1, sizeof(*addresses));
	if (addresses == NULL) {
		snprintf(why, size, "%s", strerror(errno));
		return -1;
	}
	for (i = 0; i < service->nlisteners; i++) {
		listener_sockets(service->listeners[i], generation->number, &n);
		if (n > 0)
			addresses[count++] =
			    *listener_address(service->listeners[i]);
	}
	check->accept = accept_check_start(service->base, addresses, count,
	    generation->number, service->options->health_timeout_ms,
	    find_listener, check_done, check);
	if (check->accept == NULL)
		snprintf(why, size, "%s", strerror(errno));
	free(addresses);
	return check->accept != NULL ? 0 : -1;
}

struct directed_check *
directed_check_start(struct generation *generation, const char *pattern,
    enum directed_kind kind, directed_check_fn *fn, void *arg, char *why,
    size_t size)
{
	struct directed_check *check = calloc(1, sizeof(*check));

	if (check == NULL) {
		snprintf(why, size, "%s", strerror(errno));
		return NULL;
	}
	check->generation = generation;
	check->kind = kind;
	check->fn = fn;
	check->arg = arg;
	if ((pattern != NULL ? begin_probe(check, pattern, why, size)
			     : begin_accept(check, why, size)) == 0)
		return check;
	free(check);
	return NULL;
}

void
directed_check_cancel(struct directed_check *check)
{
	if (check == NULL)
		return;
	if (check->accept != NULL)
		accept_check_cancel(check->accept);
	if (check->probe != NULL)
		probe_cancel(check->probe);
	free(check);
}
