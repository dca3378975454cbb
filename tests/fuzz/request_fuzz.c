/* SPDX-License-Identifier: ISC */
/*
 * What comes from the network at the exporter: lines of requests.
 */
#include <event2/buffer.h>
#include <stdlib.h>
#include <string.h>

#include "exporter/request.h"
#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct evbuffer *buffer = evbuffer_new();
	struct request request = { 0 };
	bool whole = false;
	size_t length;
	char *line;

	FUZZ_EXPECT(buffer != NULL);
	evbuffer_add(buffer, data, size);
	while (!whole &&
	    (line = evbuffer_readln(buffer, &length, EVBUFFER_EOL_CRLF)) !=
		NULL) {
		whole = request_take(&request, line, length);
		free(line);
		FUZZ_EXPECT(!request.get || !request.head);
		FUZZ_EXPECT(strlen(request.path) < REQUEST_PATH);
		/* Only a whole one is refused, and no other follows it. */
		FUZZ_EXPECT(request.status == 0 || (whole && !request.keep));
	}
	if (whole && request.status == 0) {
		FUZZ_EXPECT(request.path[0] != '\0');
		FUZZ_EXPECT(!request.keep || !request.body);
	}
	evbuffer_free(buffer);
	return 0;
}
