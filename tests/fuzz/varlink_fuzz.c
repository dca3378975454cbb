/* SPDX-License-Identifier: ISC */
/*
 * The bytes on the control socket: messages, and calls in them.
 */
#include <event2/buffer.h>
#include <stdlib.h>

#include "base/varlink.h"
#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct evbuffer *buffer = evbuffer_new();
	struct varlink_call call;
	json_t *message;

	FUZZ_EXPECT(buffer != NULL);
	/* In two parts, as a socket may deliver them. */
	evbuffer_add(buffer, data, size / 2);
	while (varlink_take(buffer, &message) == 1)
		json_decref(message);
	evbuffer_add(buffer, data + size / 2, size - size / 2);
	while (varlink_take(buffer, &message) == 1) {
		FUZZ_EXPECT(json_is_object(message));
		if (varlink_call_parse(&call, message) == -1)
			continue;
		FUZZ_EXPECT(call.method != NULL);
		FUZZ_EXPECT(json_is_object(call.parameters));
		json_decref(call.message);
	}
	evbuffer_free(buffer);
	return 0;
}
