/* SPDX-License-Identifier: ISC */
/*
 * The choice of the shim's backend.  process/shim.h chooses; this module
 * collects the facts for the choice and tells the operator about it.
 */
#include "generation/backend.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "announce.h"
#include "base/log.h"
#include "core/service.h"
#include "process/features.h"
#include "process/parts.h"

void
backend_path(const struct generation *generation, char path[static PATH_MAX])
{
	const struct service *service = generation->service;

	snprintf(path, PATH_MAX, "%s/%s.shim.%u", service->runtime,
	    service->options->name, generation->number);
}

static bool
has_long_path(const struct generation *generation)
{
	char path[PATH_MAX];

	backend_path(generation, path);
	return strlen(path) > ANNOUNCE_PATH_MAX;
}

/* An older build has left the kind out. */
static struct program_kind
kind_of(const struct image *image)
{
	struct program_kind kind = image->kind;

	if (kind.bits == 0 && !kind.native &&
	    program_kind_read(&kind, image->program.path) == -1)
		kind = (struct program_kind){ .native = true };
	return kind;
}

/* Was preload not chosen only because the path of its socket is too long? */
static void
warn_of_path(const struct generation *generation, const char *choice,
    const struct program_kind *kind, const struct shim_facts *facts)
{
	struct shim_facts shorter = *facts;
	struct shim_choice other;

	shorter.long_path = false;
	if (facts->long_path &&
	    shim_choose(&other, SHIM_AUTO, kind, &shorter) == 0 &&
	    other.backend == SHIM_PRELOAD)
		log_warn("generation %u: %s; preload is not taken, as the path "
			 "of its socket is longer than the %zu bytes that "
			 "unix(7) has room for: set HOTSWAP_RUNTIME_DIR to a "
			 "shorter one",
		    generation->number, choice, ANNOUNCE_PATH_MAX);
}

int
backend_choose(const struct generation *generation, struct shim_choice *choice,
    char *why, size_t size)
{
	const struct service *service = generation->service;
	const struct program_kind kind = kind_of(generation->image);
	enum shim_backend wanted = service->options->shim;
	struct shim_facts facts =
	    features_shim_facts(access(parts_path(PART_PRELOAD), R_OK) == 0);

	facts.long_path = wanted == SHIM_AUTO && has_long_path(generation);
	if (shim_choose(choice, wanted, &kind, &facts) == 0) {
		warn_of_path(generation, choice->why, &kind, &facts);
		return 0;
	}
	if (wanted == SHIM_AUTO && service->ndeclared > 0) {
		log_warn("generation %u: the program is not wrapped and gets "
			 "only the sockets of --listen: %s",
		    generation->number, choice->why);
		choice->backend = SHIM_OFF;
		return 0;
	}
	snprintf(why, size,
	    "%s cannot be wrapped (%s); --listen passes it sockets instead",
	    generation->image->program.path, choice->why);
	errno = EINVAL;
	return -1;
}
