/* SPDX-License-Identifier: ISC */
/*
 * The gRPC health checking protocol, grpc.health.v1.Health/Check: one small
 * request and one small answer, whose Protocol Buffers are written and read
 * by hand.  A message is framed by a flag byte and its length in four bytes.
 */
#include <arpa/inet.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "probe/session.h"

#define METHOD	    "/grpc.health.v1.Health/Check"
#define FRAME	    5 /* bytes before a message */
#define SERVICE_MAX 255
#define SERVING	    1

/* grpc.health.v1.HealthCheckResponse.ServingStatus */
static const char *const serving_names[] = { "UNKNOWN", "SERVING",
	"NOT_SERVING", "SERVICE_UNKNOWN" };

/* https://grpc.io/docs/guides/status-codes/ */
static const char *const code_names[] = { "OK", "CANCELLED", "UNKNOWN",
	"INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS",
	"PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
	"ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE",
	"DATA_LOSS", "UNAUTHENTICATED" };

struct answer {
	CURL *curl;
	long code; /* grpc-status; -1: there was none */
	char message[256];
	unsigned char body[1024];
	size_t len;
};

#define NAME_OF(names, i)                                             \
	((i) >= 0 && (size_t)(i) < sizeof(names) / sizeof((names)[0]) \
		? (names)[i]                                          \
		: "?")

/* The value of a header or trailer if it has that name, else NULL. */
static const char *
header_value(const char *line, const char *name)
{
	size_t len = strlen(name);

	if (strncasecmp(line, name, len) != 0 || line[len] != ':')
		return NULL;
	return line + len + 1 + strspn(line + len + 1, " ");
}

/* libcurl hands on trailers as it does headers. */
static size_t
on_header(char *data, size_t size, size_t n, void *arg)
{
	struct answer *answer = arg;
	char line[512], *decoded;
	const char *value;

	snprintf(line, sizeof(line), "%.*s", (int)(size * n), data);
	line[strcspn(line, "\r\n")] = '\0';
	if ((value = header_value(line, "grpc-status")) != NULL) {
		answer->code = strtol(value, NULL, 10);
	} else if ((value = header_value(line, "grpc-message")) != NULL) {
		decoded = curl_easy_unescape(answer->curl, value, 0, NULL);
		snprintf(answer->message, sizeof(answer->message), ": %s",
		    decoded != NULL ? decoded : value);
		curl_free(decoded);
	}
	return size * n;
}

/* Anything longer than fits is no answer to this request. */
static size_t
on_body(char *data, size_t size, size_t n, void *arg)
{
	struct answer *answer = arg;

	if (size * n > sizeof(answer->body) - answer->len)
		return 0;
	memcpy(answer->body + answer->len, data, size * n);
	answer->len += size * n;
	return size * n;
}

/* HealthCheckRequest { string service = 1; }, framed.  Returns its length. */
static size_t
encode(unsigned char *out, const char *service)
{
	size_t name = strlen(service), len = FRAME;
	uint32_t message;

	if (name > 0) {
		out[len++] = 1 << 3 | 2;
		if (name > 0x7f)
			out[len++] = 0x80 | (name & 0x7f);
		out[len++] = name > 0x7f ? name >> 7 : name;
		memcpy(out + len, service, name);
		len += name;
	}
	out[0] = 0;
	message = htonl(len - FRAME);
	memcpy(out + 1, &message, sizeof(message));
	return len;
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
 * left out, -1 if this is no such message.  Unknown fields are skipped.
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

/* What the one framed message of the body says; -1 if there is none. */
static int
serving_status(const struct answer *answer)
{
	uint32_t len;

	if (answer->len < FRAME || answer->body[0] != 0)
		return -1;
	memcpy(&len, answer->body + 1, sizeof(len));
	if (ntohl(len) != answer->len - FRAME)
		return -1;
	return decode(answer->body + FRAME, answer->body + answer->len);
}

static void
judge(struct session *session, const struct answer *answer,
    struct verdict *verdict)
{
	int serving = serving_status(answer);
	long status = 0;

	curl_easy_getinfo(session->curl, CURLINFO_RESPONSE_CODE, &status);
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
		session_passed(session, "SERVING", verdict);
}

/* The path of the check names the service; the URL's becomes the method. */
static int
take_service(struct session *session, char *service, size_t size,
    struct verdict *verdict)
{
	char *path = NULL, *port = NULL;
	const char *why = NULL;

	curl_url_get(session->url, CURLUPART_PATH, &path, CURLU_URLDECODE);
	if (curl_url_get(session->url, CURLUPART_PORT, &port, 0) != CURLUE_OK)
		why = "the port is missing";
	else if (path == NULL || strlen(path + 1) >= size)
		why = "the service's name is too long";
	else if (curl_url_set(session->url, CURLUPART_PATH, METHOD, 0) !=
	    CURLUE_OK)
		why = "out of memory";
	if (why != NULL)
		verdict_set(verdict, CHECK_USAGE, "%s", why);
	else
		snprintf(service, size, "%s", path + 1);
	curl_free(path);
	curl_free(port);
	return why == NULL ? 0 : -1;
}

static void
ask(struct session *session, const char *service, bool tls,
    struct verdict *verdict)
{
	unsigned char request[FRAME + 3 + SERVICE_MAX];
	struct answer answer = { .curl = session->curl, .code = -1 };
	size_t len = encode(request, service);
	struct curl_slist *headers = NULL;
	CURL *curl = session->curl;
	CURLcode code;

	headers = curl_slist_append(headers, "Content-Type: application/grpc");
	headers = curl_slist_append(headers, "TE: trailers");
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(curl, CURLOPT_HTTP_VERSION,
	    tls ? (long)CURL_HTTP_VERSION_2TLS
		: (long)CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE);
	/* With a length, libcurl would be content before the trailers. */
	curl_easy_setopt(curl, CURLOPT_IGNORE_CONTENT_LENGTH, 1L);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)len);
	curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, on_header);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, &answer);
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, on_body);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer);
	if ((code = session_perform(session)) == CURLE_OK)
		judge(session, &answer, verdict);
	else
		verdict_set(verdict, CHECK_FAILED, "%s",
		    session_explain(session, code));
	curl_slist_free_all(headers);
}

void
check_grpc(const struct check *check, struct verdict *verdict)
{
	bool tls = strncmp(check->text, "grpcs:", 6) == 0;
	char service[SERVICE_MAX + 1];
	struct session session;

	if (session_open(&session, check, check->text, tls ? "https" : "http",
		verdict) == 0 &&
	    take_service(&session, service, sizeof(service), verdict) == 0)
		ask(&session, service, tls, verdict);
	session_close(&session);
}
