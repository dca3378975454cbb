/* SPDX-License-Identifier: ISC */
/*
 * The answer of a gRPC server to the prober: headers and trailers on a line
 * each, an empty line, then the body, which comes in two parts.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "probe/grpc_answer.h"

/* Only one complete message, framed and not compressed, may pass. */
static void
expect_message(const struct grpc_answer *answer)
{
	size_t len = answer->len - GRPC_FRAME;

	FUZZ_EXPECT(answer->code == 0);
	FUZZ_EXPECT(answer->len > GRPC_FRAME && answer->body[0] == 0);
	FUZZ_EXPECT(answer->body[1] == 0 && answer->body[2] == 0 &&
	    answer->body[3] == len >> 8 && answer->body[4] == (len & 0xff));
}

static const uint8_t *
take_headers(
    struct grpc_answer *answer, const uint8_t *data, const uint8_t *end)
{
	const uint8_t *line;

	while (data < end) {
		line = data;
		while (data < end && *data != '\n')
			data++;
		if (data < end)
			data++;
		if (data - line == 1 && *line == '\n')
			break;
		grpc_take_header(answer, (const char *)line, data - line);
		FUZZ_EXPECT(memchr(answer->message, '\0',
				sizeof(answer->message)) != NULL);
	}
	return data;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *end = data + size;
	struct grpc_answer answer;
	struct verdict verdict = { .outcome = CHECK_PASSED };
	size_t part;

	grpc_answer_init(&answer);
	data = take_headers(&answer, data, end);
	part = (size_t)(end - data) / 2;
	if (grpc_take_body(&answer, data, part) == 0)
		grpc_take_body(&answer, data + part, end - data - part);
	FUZZ_EXPECT(answer.len <= sizeof(answer.body));
	if (grpc_judge(&answer, 200, &verdict) == 0) {
		expect_message(&answer);
		FUZZ_EXPECT(verdict.outcome == CHECK_PASSED);
		return 0;
	}
	FUZZ_EXPECT(verdict.outcome == CHECK_FAILED);
	FUZZ_EXPECT(memchr(verdict.line, '\0', sizeof(verdict.line)) != NULL);
	FUZZ_EXPECT(verdict.line[0] != '\0');
	return 0;
}
