/* SPDX-License-Identifier: ISC */
/*
 * The checkpoint's document: whatever it contains, what was restored of it can
 * be freed again.  A user without rights uses its paths, so that no harm is
 * done.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "base/strings.h"
#include "fuzz.h"
#include "process/reaper.h"
#include "rollout/actions.h"
#include "core/events.h"
#include "generation/closing.h"
#include "service/recovery.h"
#include "control/reexec.h"
#include "service/run.h"
#include "core/service.h"
#include "generation/roster.h"
#include "generation/stored.h"

#define NOBODY	 65534
#define VARIANTS 8

/* A restore that fails releases nothing: such leaks are no fault here. */
const char *__asan_default_options(void);

const char *
__asan_default_options(void)
{
	return "detect_leaks=0";
}

static void
take_down(struct service *service)
{
	struct generation *generation;

	reexec_close(service);
	while ((generation = TAILQ_FIRST(&service->generations)) != NULL)
		generation_free(generation);
	stored_close(service);
	roster_close(service);
	actions_close(service);
	events_free(service->events);
	reaper_fini();
	image_unref(service->release.image);
	options_free(service->release.options_before);
	strings_free(service->release.program);
	free(service->release.exe);
	recovery_close(service);
	event_base_free(service->base);
	strings_free(service->program);
	free(service->exe);
	options_free(service->options);
}

static void
restore(const json_t *document)
{
	struct service service = { .runtime = "/tmp" };

	FUZZ_EXPECT(run_prepare(&service) == 0);
	if (recovery_open(&service, document) == 0)
		recovery_restore(&service);
	take_down(&service);
}

/* Another value, *new*; NULL: the value is removed. */
static json_t *
odd_value(unsigned int choice)
{
	switch (choice % 12) {
	case 0:
		return NULL;
	case 1:
		return json_null();
	case 2:
		return json_integer(-1);
	case 3:
		return json_integer(0);
	case 4:
		return json_integer(INT64_MAX);
	case 5:
		return json_integer(choice >> 4 & 15);
	case 6:
		return json_string("");
	case 7:
		return json_string("/tmp/hotswap-fuzz");
	case 8:
		return json_array();
	case 9:
		return json_object();
	case 10:
		return json_pack("[n i s {}]", 3, "x");
	default:
		return json_boolean(choice & 16);
	}
}

/* Random bytes are seldom JSON, so the values are changed instead. */
static void
change(json_t *node, unsigned int *state)
{
	const char *key;
	json_t *value;
	void *next;
	size_t i;

	json_object_foreach_safe(node, next, key, value)
	{
		change(value, state);
		*state = *state * 1103515245 + 12345;
		if ((*state >> 16 & 63) != 0)
			continue;
		if ((value = odd_value(*state >> 22)) != NULL)
			json_object_set_new(node, key, value);
		else
			json_object_del(node, key);
	}
	for (i = json_array_size(node); i-- > 0;) {
		change(json_array_get(node, i), state);
		*state = *state * 1103515245 + 12345;
		if ((*state >> 16 & 63) != 0)
			continue;
		if ((value = odd_value(*state >> 22)) != NULL)
			json_array_set_new(node, i, value);
		else
			json_array_remove(node, i);
	}
}

static void
restore_variants(json_t *document, unsigned int state)
{
	json_t *variant;
	int i;

	restore(document);
	for (i = 0; i < VARIANTS; i++) {
		variant = json_deep_copy(document);
		change(variant, &state);
		restore(variant);
		json_decref(variant);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	json_t *document = json_loadb((const char *)data, size, 0, NULL);
	const uid_t before = geteuid();

	FUZZ_EXPECT(before != 0 || seteuid(NOBODY) == 0);
	if (json_is_object(document))
		restore_variants(document, (unsigned int)size + data[size / 2]);
	json_decref(document);
	FUZZ_EXPECT(seteuid(before) == 0);
	return 0;
}
