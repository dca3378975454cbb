/* SPDX-License-Identifier: ISC */
/*
 * libcurl makes the calls.  A user's token is fetched with the password, and
 * fetched again when a member does not know it: tokens do not outlive a
 * member's restart.
 */
#include "fleet/etcd_post.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "fleet/conf.h"

#define CONNECT_MS 2000
/* A member without quorum answers a read after 7 s. */
#define ANSWER_MS  8000
#define ANSWER_MAX (64 * 1024 * 1024)

/* Codes of gRPC that come with an error. */
enum {
	CODE_INVALID = 3, /* "invalid auth token", before etcd 3.5 */
	CODE_DENIED = 7,
	CODE_UNAUTHENTICATED = 16,
};

struct etcd_post {
	const struct conf *conf;
	size_t member; /* index of the endpoint that answered last */
	char *token;   /* NULL: none yet */
	struct curl_slist *headers;
	CURL *curl;
};

struct text {
	char *bytes;
	size_t n;
};

static size_t
take(char *data, size_t one, size_t n, void *arg)
{
	struct text *text = arg;
	char *bytes;

	if (text->n + n > ANSWER_MAX ||
	    (bytes = realloc(text->bytes, text->n + n + 1)) == NULL)
		return 0;
	memcpy(bytes + text->n, data, n);
	text->bytes = bytes;
	text->n += n;
	bytes[text->n] = '\0';
	return n;
}

struct etcd_post *
etcd_post_new(const struct conf *conf)
{
	struct etcd_post *post = calloc(1, sizeof(*post));

	if (post == NULL || curl_global_init(CURL_GLOBAL_DEFAULT) != 0) {
		free(post);
		return NULL;
	}
	post->conf = conf;
	/* Not every process begins with the same member. */
	post->member =
	    arc4random_uniform((uint32_t)json_array_size(conf->endpoints));
	return post;
}

void
etcd_post_free(struct etcd_post *post)
{
	if (post == NULL)
		return;
	if (post->curl != NULL)
		curl_easy_cleanup(post->curl);
	curl_slist_free_all(post->headers);
	free(post->token);
	free(post);
}

size_t
etcd_post_member(const struct etcd_post *post)
{
	return post->member;
}

void
etcd_post_skip(struct etcd_post *post)
{
	post->member =
	    (post->member + 1) % json_array_size(post->conf->endpoints);
}

/* The headers of each call; made anew with each token. */
static struct curl_slist *
headers(struct etcd_post *post)
{
	char line[1024];

	if (post->headers != NULL)
		return post->headers;
	post->headers =
	    curl_slist_append(NULL, "Content-Type: application/json");
	/* Without this a watch is silent where the member has no quorum. */
	post->headers =
	    curl_slist_append(post->headers, "Grpc-Metadata-hasleader: true");
	if (post->token != NULL) {
		snprintf(line, sizeof(line), "Authorization: %s", post->token);
		post->headers = curl_slist_append(post->headers, line);
	}
	return post->headers;
}

static void
set_token(struct etcd_post *post, const char *token)
{
	free(post->token);
	post->token = token != NULL ? strdup(token) : NULL;
	curl_slist_free_all(post->headers);
	post->headers = NULL;
}

static void
aim(struct etcd_post *post, CURL *curl, const char *path)
{
	const struct conf *conf = post->conf;
	char url[1024];

	snprintf(url, sizeof(url), "%s/v3/%s",
	    json_string_value(json_array_get(conf->endpoints, post->member)),
	    path);
	curl_easy_setopt(curl, CURLOPT_URL, url);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_MS);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers(post));
	if (conf->ca != NULL)
		curl_easy_setopt(curl, CURLOPT_CAINFO, conf->ca);
	if (conf->certificate != NULL)
		curl_easy_setopt(curl, CURLOPT_SSLCERT, conf->certificate);
	if (conf->key != NULL)
		curl_easy_setopt(curl, CURLOPT_SSLKEY, conf->key);
}

CURL *
etcd_post_prepare(struct etcd_post *post, const char *path, json_t *body)
{
	CURL *curl = curl_easy_init();
	char *text = memory_text(body, JSON_COMPACT);

	json_decref(body);
	if (curl == NULL || text == NULL) {
		curl_easy_cleanup(curl);
		free(text);
		return NULL;
	}
	aim(post, curl, path);
	curl_easy_setopt(curl, CURLOPT_COPYPOSTFIELDS, text);
	free(text);
	return curl;
}

static bool
cannot_be_sent(CURLcode code)
{
	return code == CURLE_COULDNT_CONNECT ||
	    code == CURLE_COULDNT_RESOLVE_HOST ||
	    code == CURLE_SSL_CONNECT_ERROR ||
	    code == CURLE_PEER_FAILED_VERIFICATION ||
	    code == CURLE_SSL_CACERT_BADFILE || code == CURLE_SSL_CERTPROBLEM;
}

/* One call at the present member.  *code is gRPC's, 0 without an error. */
static enum posted
post_once(struct etcd_post *post, const char *path, const char *text,
    json_t **reply, int *code, char *why, size_t size)
{
	const char *endpoint = json_string_value(
	    json_array_get(post->conf->endpoints, post->member));
	char fault[CURL_ERROR_SIZE] = "";
	struct text answer = { 0 };
	const char *message;
	CURLcode result;

	*reply = NULL;
	*code = 0;
	/* One handle keeps the connection from one call to the next. */
	if (post->curl == NULL && (post->curl = curl_easy_init()) == NULL) {
		snprintf(why, size, "%s", strerror(ENOMEM));
		return POST_UNSENT;
	}
	aim(post, post->curl, path);
	curl_easy_setopt(post->curl, CURLOPT_POSTFIELDS, text);
	curl_easy_setopt(post->curl, CURLOPT_TIMEOUT_MS, (long)ANSWER_MS);
	curl_easy_setopt(post->curl, CURLOPT_WRITEFUNCTION, take);
	curl_easy_setopt(post->curl, CURLOPT_WRITEDATA, &answer);
	curl_easy_setopt(post->curl, CURLOPT_ERRORBUFFER, fault);
	result = curl_easy_perform(post->curl);
	curl_easy_setopt(post->curl, CURLOPT_ERRORBUFFER, NULL);
	if (result == CURLE_OK && answer.bytes != NULL)
		*reply = json_loads(answer.bytes, 0, NULL);
	free(answer.bytes);
	if (!json_is_object(*reply)) {
		json_decref(*reply);
		*reply = NULL;
		snprintf(why, size, "%s: %s", endpoint,
		    result == CURLE_OK	? "the answer is no JSON"
			: fault[0] != 0 ? fault
					: curl_easy_strerror(result));
		return cannot_be_sent(result) ? POST_UNSENT : POST_UNKNOWN;
	}
	message = json_string_value(json_object_get(*reply, "error"));
	if (message == NULL)
		return POST_ANSWERED;
	*code = (int)json_integer_value(json_object_get(*reply, "code"));
	snprintf(why, size, "%s: %s", endpoint, message);
	json_decref(*reply);
	*reply = NULL;
	return POST_UNKNOWN;
}

static bool
is_refusal(int code)
{
	return code == CODE_DENIED || code == CODE_UNAUTHENTICATED ||
	    code == CODE_INVALID;
}

/*
 * Fetch a token from the present member.  POST_ANSWERED: it is there;
 * POST_REFUSED: the password is wrong; else POST_UNSENT.
 */
static enum posted
authenticate(struct etcd_post *post, char *why, size_t size)
{
	json_t *body = json_pack("{ss ss}", "name", post->conf->user,
	    "password", post->conf->password);
	char *text = memory_text(body, JSON_COMPACT);
	json_t *reply = NULL;
	const char *token;
	int code = 0;

	json_decref(body);
	set_token(post, NULL);
	if (text != NULL &&
	    post_once(post, "auth/authenticate", text, &reply, &code, why,
		size) == POST_ANSWERED) {
		token = json_string_value(json_object_get(reply, "token"));
		set_token(post, token);
	}
	json_decref(reply);
	free(text);
	if (post->token != NULL)
		return POST_ANSWERED;
	return is_refusal(code) ? POST_REFUSED : POST_UNSENT;
}

static bool
wants_token(const struct etcd_post *post, int code, const char *why)
{
	return post->conf->user != NULL &&
	    (code == CODE_UNAUTHENTICATED ||
		(code == CODE_INVALID &&
		    (strstr(why, "token") != NULL ||
			strstr(why, "user name is empty") != NULL ||
			/* A user was changed since a signed token was made. */
			strstr(why, "auth store is old") != NULL)));
}

/* One call at the present member, with a token that it knows. */
static enum posted
post_as_user(struct etcd_post *post, const char *path, const char *text,
    json_t **reply, char *why, size_t size)
{
	enum posted posted;
	int code;

	if (post->conf->user != NULL && post->token == NULL &&
	    (posted = authenticate(post, why, size)) != POST_ANSWERED)
		return posted;
	posted = post_once(post, path, text, reply, &code, why, size);
	if (posted == POST_UNKNOWN && wants_token(post, code, why)) {
		posted = authenticate(post, why, size);
		if (posted != POST_ANSWERED)
			return posted;
		posted = post_once(post, path, text, reply, &code, why, size);
	}
	if (posted == POST_UNKNOWN && is_refusal(code))
		posted = POST_REFUSED;
	return posted;
}

enum posted
etcd_post(struct etcd_post *post, const char *path, json_t *body, bool again,
    json_t **reply, char *why, size_t size)
{
	size_t members = json_array_size(post->conf->endpoints), i;
	enum posted posted = POST_UNSENT;
	char *text = memory_text(body, JSON_COMPACT);

	json_decref(body);
	*reply = NULL;
	snprintf(why, size, "%s", strerror(ENOMEM));
	for (i = 0; text != NULL && i < members; i++) {
		posted = post_as_user(post, path, text, reply, why, size);
		if (posted == POST_ANSWERED || posted == POST_REFUSED)
			break;
		/* It may be stopped: the next call asks another one. */
		etcd_post_skip(post);
		if (posted == POST_UNKNOWN && !again)
			break;
	}
	free(text);
	return posted;
}
