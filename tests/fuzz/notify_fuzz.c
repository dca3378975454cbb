/* SPDX-License-Identifier: ISC */
/*
 * What a program says to its notification socket.
 */
#include <stdlib.h>

#include "fuzz.h"
#include "process/notify.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct notify_message message = { 0 };
	char *text = fuzz_text(data, size);

	notify_parse(&message, text);
	FUZZ_EXPECT(message.main_pid >= 0);
	FUZZ_EXPECT(message.extend_usec >= -1);
	FUZZ_EXPECT(message.reloading_usec >= -1);
	FUZZ_EXPECT(message.status == NULL ||
	    (message.status >= text && message.status <= text + size));
	free(text);
	return 0;
}
