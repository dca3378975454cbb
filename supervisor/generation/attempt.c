/* SPDX-License-Identifier: ISC */
/*
 * Starting a program: its sockets and descriptors, and the ways of its image.
 */
#include "generation/attempt.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/deputy.h"
#include "base/lack.h"
#include "base/log.h"
#include "core/events.h"
#include "core/held.h"
#include "core/owner.h"
#include "core/service.h"
#include "core/state.h"
#include "generation/output.h"
#include "generation/stored.h"
#include "generation/wrap.h"
#include "process/image_plan.h"
#include "process/user_env.h"

/* A program that ends within this time may lack what another way gives it. */
#define SOON_MS 2000

/* The sockets that the program gets, in the order of the listeners. */
static size_t
collect_sockets(const struct generation *generation,
    struct spawn_socket *sockets, char (*addresses)[ADDRESS_STRLEN])
{
	struct service *service = generation->service;
	const struct listener *listener;
	size_t i, n, count = 0;
	const int *fds;

	for (i = 0; i < service->ndeclared; i++) {
		listener = service->listeners[i];
		address_format(listener_address(listener), addresses[i]);
		fds = listener_sockets(listener, generation->number, &n);
		if (n == 0)
			continue;
		sockets[count++] = (struct spawn_socket){
			.fd = fds[0],
			.name = listener_name(listener),
			.address = addresses[i],
		};
	}
	return count;
}

/* -1 with why; errno and *of_way as of program_start. */
static int
start_once(struct generation *generation, const struct spawn *given,
    bool *of_way, char *why, size_t size)
{
	const struct options *options = generation->service->options;
	struct spawn spawn = *given;
	int r, error;

	*of_way = false;
	if (wrap_prepare(generation->wrap, &spawn, why, size) == -1)
		return -1;
	r = program_start(generation->program, &spawn, of_way, why, size);
	error = errno;
	if (wrap_started(generation->wrap, r == 0, why, size) == -1) {
		error = errno;
		/* It would wait for answers that nobody gives. */
		program_undo_start(generation->program);
		r = -1;
	}
	if (r == 0)
		program_watch(generation->program, spawn.watchdog_ms,
		    options->start_timeout_ms);
	errno = error;
	return r;
}

/* If one of them fails by a lack, another try may succeed by it: errno says. */
static int
try_ways(
    struct generation *generation, struct spawn *spawn, char *why, size_t size)
{
	const struct image *image = generation->image;
	struct image_plan plan = { .way = generation->way };
	unsigned int way = generation->way;
	int error = ESTALE;
	bool of_way;

	spawn->plan = &plan;
	snprintf(why, size,
	    "cannot start %s: %s has changed, and there is no copy of what it "
	    "was",
	    image->program.path,
	    image_file_is_in_place(&image->program) ? image->script.path
						    : "the file");
	for (; image_plan_next(image, way, &plan) == 0; way = plan.way + 1) {
		if (start_once(generation, spawn, &of_way, why, size) == 0) {
			generation->way = plan.way;
			generation->attempt_ms = clock_ms();
			return 0;
		}
		error = lack_is(error) ? error : errno;
		if (!of_way)
			break;
		log_warn("generation %u: %s", generation->number, why);
	}
	generation->way = IMAGE_IN_PLACE;
	errno = error;
	return -1;
}

int
attempt(struct generation *generation, char *why, size_t size)
{
	struct service *service = generation->service;
	struct spawn spawn = { .image = generation->image,
		.name = service->options->name,
		.generation = generation->number,
		.protocols = service->options->pass,
		.output = output_fds(service),
		.watchdog_ms = service->options->watchdog_ms,
		.store_max = service->options->store_max,
		.all_env = user_env_is_made(held_pid(service)) };
	char(*addresses)[ADDRESS_STRLEN];
	struct spawn_socket *sockets, *stored;
	int r = -1, error;

	sockets = calloc(service->ndeclared + 1, sizeof(*sockets));
	addresses = calloc(service->ndeclared + 1, sizeof(*addresses));
	stored = stored_collect(generation, &spawn.nstored);
	if (sockets == NULL || addresses == NULL || stored == NULL) {
		snprintf(
		    why, size, "the list of its sockets: %s", strerror(errno));
		goto out;
	}
	spawn.nsockets = collect_sockets(generation, sockets, addresses);
	spawn.sockets = sockets;
	spawn.stored = stored;
	state_commit(service);
	r = try_ways(generation, &spawn, why, size);
out:
	error = errno;
	free(stored);
	free(addresses);
	free(sockets);
	errno = error;
	return r;
}

/* Somebody else ended it: that says nothing of the way. */
static bool
is_by_others(int status)
{
	return WIFSIGNALED(status) &&
	    (WTERMSIG(status) == SIGKILL || WTERMSIG(status) == SIGTERM);
}

bool
attempt_differently(struct generation *generation, int status, const char *how)
{
	struct image_plan plan;
	char text[PATH_MAX + 64];
	enum image_way way = generation->way;

	generation->way = IMAGE_IN_PLACE;
	if (way == IMAGE_IN_PLACE || is_by_others(status) ||
	    clock_ms() - generation->attempt_ms > SOON_MS ||
	    image_plan_next(
		generation->image, (enum image_way)(way + 1), &plan) == -1)
		return false;
	image_plan_describe(&plan, generation->image, text, sizeof(text));
	events_emit(generation->service, "warning", generation,
	    "%s soon after its start: started again %s", how, text);
	generation->way = plan.way;
	return true;
}

/* Does another generation run from such copies of the same image? */
static bool
is_shared(const struct generation *generation)
{
	const struct generation *other;

	TAILQ_FOREACH (other, &generation->service->generations, entry) {
		if (other != generation && other->program != NULL &&
		    other->way == generation->way &&
		    image_is_same(other->image, generation->image))
			return true;
	}
	return false;
}

static int
unlink_it(void *path, int *fd)
{
	return unlink(path);
}

/* By a deputy, since the program's user may have changed the directories. */
static void
remove_beside(
    const struct generation *generation, const struct image_file *file)
{
	char path[PATH_MAX], why[256];
	struct credentials who;
	struct deputy_job job = { .who = &who,
		.directory = -1,
		.fd = -1,
		.act = unlink_it,
		.data = path,
		.size = sizeof(path) };

	if (file->path == NULL || image_plan_beside(file, path) == -1 ||
	    owner_credentials(generation->image, &who, why, sizeof(why)) == -1)
		return;
	deputy_do(&job, NULL);
	credentials_fini(&who);
}

void
attempt_end(struct generation *generation)
{
	if (generation->way == IMAGE_BESIDE && !is_shared(generation)) {
		remove_beside(generation, &generation->image->program);
		remove_beside(generation, &generation->image->script);
	}
	generation->way = IMAGE_IN_PLACE;
}

void
attempt_describe(const struct generation *generation, char *buf, size_t size)
{
	struct image_plan plan;

	strlcpy(buf, "", size);
	if (generation->way == IMAGE_IN_PLACE ||
	    image_plan_next(generation->image, generation->way, &plan) == -1)
		return;
	strlcpy(buf, ", ", size);
	image_plan_describe(&plan, generation->image, buf + 2, size - 2);
}
