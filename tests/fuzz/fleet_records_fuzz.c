/* SPDX-License-Identifier: ISC */
/*
 * What the keys of a fleet hold.  What was read is written and read again, and
 * is the same then; a reason of any bytes is written so that it can be read.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fleet/records.h"
#include "fuzz.h"

/* Write, read, write: both texts are the same. */
#define FUZZ_AGAIN(record, kind, fini)                         \
	do {                                                   \
		char *first = kind##_format(record), *second;  \
		struct kind again;                             \
                                                               \
		FUZZ_EXPECT(first != NULL);                    \
		FUZZ_EXPECT(kind##_parse(&again, first) == 0); \
		second = kind##_format(&again);                \
		FUZZ_EXPECT(strcmp(first, second) == 0);       \
		free(first);                                   \
		free(second);                                  \
		fini(&again);                                  \
	} while (0)

static void
nothing(const void *record)
{
	(void)record;
}

static void
expect_shown(const char *text)
{
	for (; *text != '\0'; text++)
		FUZZ_EXPECT((unsigned char)*text >= ' ' && *text != 0x7f);
}

static void
try_reason(const char *text)
{
	struct host host = { .n = 1 };

	strlcpy(host.reason, text, sizeof(host.reason));
	FUZZ_AGAIN(&host, host, nothing);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	struct rollout rollout;
	struct halt halt;
	struct host host;

	if (rollout_parse(&rollout, text) == 0) {
		expect_shown(rollout.by);
		FUZZ_EXPECT(rollout_width(&rollout, 10000) > 0);
		FUZZ_AGAIN(&rollout, rollout, nothing);
	}
	if (halt_parse(&halt, text) == 0) {
		expect_shown(halt.why);
		FUZZ_AGAIN(&halt, halt, halt_fini);
		halt_fini(&halt);
	}
	if (host_parse(&host, text) == 0) {
		expect_shown(host.reason);
		FUZZ_EXPECT(strpbrk(host.address, " \n;") == NULL);
		FUZZ_AGAIN(&host, host, nothing);
	}
	try_reason(text);
	free(text);
	return 0;
}
