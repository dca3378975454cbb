/* SPDX-License-Identifier: ISC */
/*
 * What a successor must know of a wrap, and how the successor goes on to serve
 * the calls of the program.
 */
#include <errno.h>
#include <stdio.h>

#include "base/fd.h"
#include "base/log.h"
#include "core/generation.h"
#include "core/held.h"
#include "core/service.h"
#include "generation/wrap.h"
#include "generation/wrap_fields.h"
#include "process/call_log.h"

const char wrap_deafness[] =
    "every bind and listen of its program fails from now on, since nobody held "
    "the descriptor by which hotswap gets these calls when the supervisor was "
    "killed; the sockets that listen go on; `hotswap restart` cures this";

/* Its sockets go on listening, but it cannot listen anew. */
static void
become_deaf(struct wrap *wrap)
{
	const struct generation *generation = wrap->generation;

	/* A program that has ended makes no calls: no warning. */
	if (!wrap->deaf && program_main(generation->program) != 0)
		log_warn(
		    "generation %u: %s", generation->number, wrap_deafness);
	wrap->deaf = true;
}

json_t *
wrap_save(const struct wrap *wrap)
{
	const struct tap *tap;
	json_t *serials = json_array();

	if (wrap->choice.backend == SHIM_SECCOMP)
		LIST_FOREACH (tap, &wrap->taps, entry)
			json_array_append_new(
			    serials, json_integer(tap->serial));
	return json_pack("{si so sb}", "next", (int)wrap->serial, "taps",
	    serials, "deaf", (int)wrap->deaf);
}

/* Take over a predecessor's descriptors.  -1 with errno: ENOENT, not held. */
static int
take_over(struct wrap *wrap, unsigned int serial)
{
	struct service *service = wrap->generation->service;
	char name[WRAP_NAME];
	int fd, call_log;

	if ((fd = held_take(service, wrap_tap_name(wrap, name), serial)) ==
	    -1) {
		errno = ENOENT;
		return -1;
	}
	call_log = held_take(service, wrap_call_log_name(wrap, name), serial);
	if (!call_log_is_one(call_log)) {
		fd_close(&call_log);
		call_log = call_log_make();
	}
	wrap->serial = serial;
	return wrap_serve_seccomp(wrap, fd, call_log);
}

int
wrap_restore(struct wrap *wrap, const json_t *saved)
{
	unsigned int next;
	json_t *serial;
	size_t i;

	if (saved == NULL || wrap->choice.backend != SHIM_SECCOMP)
		return 0;
	wrap->deaf = json_is_true(json_object_get(saved, "deaf"));
	json_array_foreach (json_object_get(saved, "taps"), i, serial) {
		if (take_over(wrap, (unsigned int)json_integer_value(serial)) ==
		    0)
			continue;
		if (errno != ENOENT)
			return -1;
		become_deaf(wrap);
	}
	/* A program that was started just then is not in the list yet. */
	next = (unsigned int)json_integer_value(json_object_get(saved, "next"));
	wrap->serial = next;
	return take_over(wrap, next) == 0 || errno == ENOENT ? 0 : -1;
}
