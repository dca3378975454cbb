/* SPDX-License-Identifier: ISC */
/*
 * The gRPC health checking protocol, grpc.health.v1.Health/Check: one small
 * request, whose Protocol Buffers are encoded by hand, and one small answer.  A
 * message begins with a flag byte and its length in four bytes.
 */
#include <arpa/inet.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "probe/grpc_answer.h"
#include "probe/session.h"

#define METHOD	    "/grpc.health.v1.Health/Check"
#define SERVICE_MAX 255
/* libcurl passes trailers as it does headers. */
static size_t
on_header(char *data, size_t size, size_t n, void *arg)
{
	grpc_take_header(arg, data, size * n);
	return size * n;
}

static size_t
on_body(char *data, size_t size, size_t n, void *arg)
{
	return grpc_take_body(arg, data, size * n) == 0 ? size * n : 0;
}

/* HealthCheckRequest { string service = 1; }, framed.  Returns its length. */
static size_t
encode(unsigned char *out, const char *service)
{
	size_t name = strlen(service), len = GRPC_FRAME;
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
	message = htonl(len - GRPC_FRAME);
	memcpy(out + 1, &message, sizeof(message));
	return len;
}

static void
judge(struct session *session, const struct grpc_answer *answer,
    struct verdict *verdict)
{
	long status = 0;

	curl_easy_getinfo(session->curl, CURLINFO_RESPONSE_CODE, &status);
	if (grpc_judge(answer, status, verdict) == 0)
		session_passed(session, "SERVING", verdict);
}

/* The check's path names the service; the URL gets the method's path. */
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
grpc_ask(struct session *session, const char *service, bool tls,
    struct verdict *verdict)
{
	unsigned char request[GRPC_FRAME + 3 + SERVICE_MAX];
	struct grpc_answer answer;
	size_t len = encode(request, service);
	struct curl_slist *headers = NULL;
	CURL *curl = session->curl;
	CURLcode code;

	grpc_answer_init(&answer);
	headers = curl_slist_append(headers, "Content-Type: application/grpc");
	headers = curl_slist_append(headers, "TE: trailers");
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(curl, CURLOPT_HTTP_VERSION,
	    tls ? (long)CURL_HTTP_VERSION_2TLS
		: (long)CURL_HTTP_VERSION_2_PRIOR_KNOWLEDGE);
	/* With a content length, libcurl would stop before the trailers. */
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
		grpc_ask(&session, service, tls, verdict);
	session_close(&session);
}
