/* SPDX-License-Identifier: ISC */
/*
 * Reading the answer of a gRPC health check, whose Protocol Buffers are decoded
 * by hand.
 */
#include "probe/grpc_answer.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <curl/curl.h>

#define SERVING 1

/* grpc.health.v1.HealthCheckResponse.ServingStatus */
static const char *const serving_names[] = { "UNKNOWN", "SERVING",
	"NOT_SERVING", "SERVICE_UNKNOWN" };

/* https://grpc.io/docs/guides/status-codes/ */
static const char *const code_names[] = { "OK", "CANCELLED", "UNKNOWN",
	"INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS",
	"PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
	"ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE",
	"DATA_LOSS", "UNAUTHENTICATED" };

#define NAME_OF(names, i)                                             \
	((i) >= 0 && (size_t)(i) < sizeof(names) / sizeof((names)[0]) \
		? (names)[i]                                          \
		: "?")

/* The value of the header or trailer if it has that name, else NULL. */
static const char *
header_value(const char *line, const char *name)
{
	size_t len = strlen(name);

	if (strncasecmp(line, name, len) != 0 || line[len] != ':')
		return NULL;
	return line + len + 1 + strspn(line + len + 1, " ");
}

void
grpc_answer_init(struct grpc_answer *answer)
{
	memset(answer, 0, sizeof(*answer));
	answer->code = -1;
}

void
grpc_take_header(struct grpc_answer *answer, const char *data, size_t len)
{
	char line[512], *decoded;
	const char *value;

	if (len >= sizeof(line))
		len = sizeof(line) - 1;
	memcpy(line, data, len);
	line[len] = '\0';
	line[strcspn(line, "\r\n")] = '\0';
	if ((value = header_value(line, "grpc-status")) != NULL) {
		answer->code = strtol(value, NULL, 10);
	} else if ((value = header_value(line, "grpc-message")) != NULL) {
		decoded = curl_easy_unescape(NULL, value, 0, NULL);
		snprintf(answer->message, sizeof(answer->message), ": %s",
		    decoded != NULL ? decoded : value);
		curl_free(decoded);
	}
}

int
grpc_take_body(struct grpc_answer *answer, const void *data, size_t len)
{
	if (len > sizeof(answer->body) - answer->len)
		return -1;
	memcpy(answer->body + answer->len, data, len);
	answer->len += len;
	return 0;
}

static bool
take_varint(const unsigned char **p, const unsigned char *end, uint64_t *value)
{
	unsigned int shift;

	*value = 0;
	for (shift = 0; shift < 64 && *p < end; shift += 7) {
		*value |= (uint64_t)(**p & 0x7f) << shift;
		if ((*(*p)++ & 0x80) == 0)
			return true;
	}
	return false;
}

/*
 * HealthCheckResponse { ServingStatus status = 1; }: the status, 0 if it is
 * left out, -1 if this is not such a message.  Unknown fields are skipped.
 */
static int
decode(const unsigned char *p, const unsigned char *end)
{
	static const uint64_t fixed[] = { [1] = 8, [5] = 4 };
	uint64_t tag, value;
	int status = 0;

	while (p < end) {
		if (!take_varint(&p, end, &tag))
			return -1;
		switch (tag & 7) {
		case 0:
			if (!take_varint(&p, end, &value))
				return -1;
			if (tag >> 3 == 1)
				status = value < 128 ? (int)value : 127;
			continue;
		case 1:
		case 5:
			value = fixed[tag & 7];
			break;
		case 2:
			if (!take_varint(&p, end, &value))
				return -1;
			break;
		default:
			return -1;
		}
		if (value > (uint64_t)(end - p))
			return -1;
		p += value;
	}
	return status;
}

/* The status in the body's one message; -1 if there is none. */
static int
serving_status(const struct grpc_answer *answer)
{
	uint32_t len;

	if (answer->len < GRPC_FRAME || answer->body[0] != 0)
		return -1;
	memcpy(&len, answer->body + 1, sizeof(len));
	if (ntohl(len) != answer->len - GRPC_FRAME)
		return -1;
	return decode(answer->body + GRPC_FRAME, answer->body + answer->len);
}

int
grpc_judge(
    const struct grpc_answer *answer, long status, struct verdict *verdict)
{
	int serving = serving_status(answer);

	if (answer->code == -1)
		verdict_set(verdict, CHECK_FAILED,
		    "answered %ld without a grpc-status", status);
	else if (answer->code != 0)
		verdict_set(verdict, CHECK_FAILED, "grpc-status %ld (%s)%s",
		    answer->code, NAME_OF(code_names, answer->code),
		    answer->message);
	else if (serving == -1)
		verdict_set(verdict, CHECK_FAILED,
		    "the answer is no HealthCheckResponse");
	else if (serving != SERVING)
		verdict_set(verdict, CHECK_FAILED, "answered %d (%s)", serving,
		    NAME_OF(serving_names, serving));
	else
		return 0;
	return -1;
}
