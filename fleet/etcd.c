/* SPDX-License-Identifier: ISC */
/*
 * etcd 3.4 and later, by the JSON gateway of its members.  There keys and
 * values are base64, 64-bit numbers are strings, and a member that is false or
 * 0 is missing.  The version of a key is its mod_revision.
 */
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <poll.h>
#include <resolv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "fleet/conf.h"
#include "fleet/engine.h"
#include "fleet/etcd_post.h"

#define LINE_MAX_KEPT (1024 * 1024) /* of a watch's answer */
#define REFUSED_MS    1000	    /* until a refused watch is tried again */

struct etcd {
	struct etcd_post *post;
	char lease[24];	   /* "": none */
	int64_t renew_ms;  /* when the lease is to be renewed */
	int64_t revision;  /* of the last answer to a read */
	CURLM *multi;	   /* of the watch */
	CURL *watch;	   /* NULL: none */
	char watched[512]; /* its prefix */
	size_t watching;   /* its member */
	char *line;	   /* its last, unfinished answer */
	size_t line_size;
	bool changed; /* it has told of a change, or ended */
	bool over;    /* it will tell nothing more, though it may stay open */
};

static json_t *
encode(const char *text)
{
	size_t n = strlen(text), size = (n + 2) / 3 * 4 + 1;
	char *buf = malloc(size);
	json_t *json = NULL;

	if (buf != NULL &&
	    b64_ntop((const unsigned char *)text, n, buf, size) != -1)
		json = json_string(buf);
	free(buf);
	return json;
}

/* *New*, with a NUL; NULL if it is no base64. */
static char *
decode(const json_t *json, size_t *length)
{
	const char *text = json_is_string(json) ? json_string_value(json) : "";
	size_t size = strlen(text) + 1;
	char *buf = malloc(size);
	int n;

	if (buf == NULL)
		return NULL;
	n = b64_pton(text, (unsigned char *)buf, size - 1);
	if (n < 0) {
		free(buf);
		return NULL;
	}
	buf[n] = '\0';
	*length = (size_t)n;
	return buf;
}

static int64_t
number(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	return json_is_string(value)
	    ? strtoll(json_string_value(value), NULL, 10)
	    : (int64_t)json_integer_value(value);
}

static json_t *
number_text(int64_t n)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRId64, n);
	return json_string(text);
}

/* The end of the keys that begin with the prefix. */
static json_t *
encode_end(const char *prefix)
{
	char end[512];
	size_t n = strlcpy(end, prefix, sizeof(end));

	end[n - 1]++;
	return encode(end);
}

static int
etcd_open(struct store *store)
{
	struct etcd *etcd = calloc(1, sizeof(*etcd));

	store->state = etcd;
	if (etcd == NULL || (etcd->post = etcd_post_new(store->conf)) == NULL ||
	    (etcd->multi = curl_multi_init()) == NULL)
		return engine_fail(store, ENOMEM, "%s", strerror(ENOMEM));
	return 0;
}

static void
end_watch(struct etcd *etcd)
{
	if (etcd->watch == NULL)
		return;
	curl_multi_remove_handle(etcd->multi, etcd->watch);
	curl_easy_cleanup(etcd->watch);
	etcd->watch = NULL;
	etcd->line_size = 0;
}

static void
etcd_close(struct store *store)
{
	struct etcd *etcd = store->state;

	if (etcd == NULL)
		return;
	end_watch(etcd);
	if (etcd->multi != NULL)
		curl_multi_cleanup(etcd->multi);
	etcd_post_free(etcd->post);
	free(etcd->line);
	free(etcd);
}

/* Make a call that may be made twice.  *New*; NULL with errno and why. */
static json_t *
ask(struct store *store, const char *path, json_t *body)
{
	struct etcd *etcd = store->state;
	json_t *reply;
	enum posted posted = etcd_post(etcd->post, path, body, true, &reply,
	    store->why, sizeof(store->why));

	if (posted == POST_ANSWERED)
		return reply;
	errno = posted == POST_REFUSED ? EACCES : EHOSTUNREACH;
	return NULL;
}

static int
take_all(struct store *store, const json_t *reply, struct entries *entries)
{
	struct etcd *etcd = store->state;
	const json_t *kv;
	char *key, *value;
	size_t length, i;
	int r = 0;

	etcd->revision = number(json_object_get(reply, "header"), "revision");
	json_array_foreach (json_object_get(reply, "kvs"), i, kv) {
		key = decode(json_object_get(kv, "key"), &length);
		value = decode(json_object_get(kv, "value"), &length);
		if (r == 0 && (key == NULL || value == NULL))
			r = engine_fail(
			    store, EBADMSG, "a key or value is no base64");
		if (r == 0 &&
		    entries_add(entries, key, value, length,
			number(kv, "mod_revision")) == -1)
			r = engine_fail(store, ENOMEM, "%s", strerror(ENOMEM));
		free(key);
		free(value);
	}
	return r;
}

static int
etcd_range(struct store *store, json_t *body, struct entries *entries)
{
	json_t *reply = ask(store, "kv/range", body);
	int r;

	if (reply == NULL)
		return -1;
	r = take_all(store, reply, entries);
	json_decref(reply);
	return r;
}

static int
etcd_read(struct store *store, const char *key, struct entry *entry)
{
	struct entries entries = { 0 };
	int r;

	r = etcd_range(store, json_pack("{so}", "key", encode(key)), &entries);
	if (r == 0 && entries.n > 0) {
		*entry = entries.list[0];
		entries.list[0] = (struct entry){ 0 };
	}
	entries_fini(&entries);
	return r;
}

static int
etcd_list(struct store *store, const char *prefix, struct entries *entries)
{
	return etcd_range(store,
	    json_pack("{so so}", "key", encode(prefix), "range_end",
		encode_end(prefix)),
	    entries);
}

static json_t *
compare(const struct change *change)
{
	return json_pack("{so ss ss so}", "key", encode(change->key), "target",
	    "MOD", "result", "EQUAL", "mod_revision",
	    number_text(change->version));
}

static json_t *
write_of(const struct change *change)
{
	if (change->kind == CHANGE_PUT)
		return json_pack("{s{so so}}", "request_put", "key",
		    encode(change->key), "value", encode(change->value));
	return json_pack(
	    "{s{so}}", "request_delete_range", "key", encode(change->key));
}

static enum committed
etcd_commit(struct store *store, struct change *changes, size_t n)
{
	struct etcd *etcd = store->state;
	json_t *compares = json_array(), *writes = json_array(), *reply;
	enum committed committed = UNKNOWN;
	size_t i;

	for (i = 0; i < n; i++) {
		json_array_append_new(compares, compare(&changes[i]));
		if (changes[i].kind != CHANGE_CHECK)
			json_array_append_new(writes, write_of(&changes[i]));
	}
	switch (etcd_post(etcd->post, "kv/txn",
	    json_pack("{so so}", "compare", compares, "success", writes), false,
	    &reply, store->why, sizeof(store->why))) {
	case POST_ANSWERED:
		committed = json_is_true(json_object_get(reply, "succeeded"))
		    ? COMMITTED
		    : CONFLICT;
		if (committed == CONFLICT)
			engine_fail(store, EAGAIN,
			    "somebody else has changed a key meanwhile");
		for (i = 0; i < n; i++)
			changes[i].written = number(
			    json_object_get(reply, "header"), "revision");
		json_decref(reply);
		return committed;
	case POST_REFUSED:
		return DENIED;
	case POST_UNSENT:
		return CONFLICT;
	default:
		return UNKNOWN;
	}
}

static int
grant_lease(struct store *store)
{
	struct etcd *etcd = store->state;
	json_t *reply = ask(store, "lease/grant",
	    json_pack("{so}", "TTL", number_text(store->conf->lease_s)));
	const char *id = json_string_value(json_object_get(reply, "ID"));

	if (reply == NULL)
		return -1;
	strlcpy(etcd->lease, id != NULL ? id : "", sizeof(etcd->lease));
	json_decref(reply);
	return etcd->lease[0] != '\0'
	    ? 0
	    : engine_fail(store, EBADMSG, "a lease without an ID");
}

/* Renew the lease.  False if it is over. */
static bool
renew_lease(struct store *store)
{
	struct etcd *etcd = store->state;
	json_t *reply =
	    ask(store, "lease/keepalive", json_pack("{ss}", "ID", etcd->lease));
	bool lives = number(json_object_get(reply, "result"), "TTL") > 0;

	json_decref(reply);
	return lives;
}

static int
etcd_keep_alive(struct store *store, const char *key, const char *value)
{
	struct etcd *etcd = store->state;
	json_t *reply;

	if (clock_ms() < etcd->renew_ms)
		return 0;
	if (etcd->lease[0] == '\0' || !renew_lease(store)) {
		etcd->lease[0] = '\0';
		if (grant_lease(store) == -1)
			return -1;
		reply = ask(store, "kv/put",
		    json_pack("{so so ss}", "key", encode(key), "value",
			encode(value), "lease", etcd->lease));
		if (reply == NULL) {
			etcd->lease[0] = '\0';
			return -1;
		}
		json_decref(reply);
	}
	etcd->renew_ms = clock_ms() + (int64_t)store->conf->lease_s * 1000 / 3;
	return 0;
}

/* A line of the answer: the creation of the watch, events, or its end. */
static void
take_line(struct etcd *etcd, const char *line)
{
	json_t *message = json_loads(line, 0, NULL);
	const json_t *result = json_object_get(message, "result");

	if (result == NULL || json_is_true(json_object_get(result, "canceled")))
		etcd->over = true;
	if (etcd->over || json_object_get(result, "events") != NULL)
		etcd->changed = true;
	json_decref(message);
}

static size_t
take_watched(char *data, size_t one, size_t n, void *arg)
{
	struct etcd *etcd = arg;
	char *line, *end;

	if (etcd->line_size + n > LINE_MAX_KEPT ||
	    (line = realloc(etcd->line, etcd->line_size + n + 1)) == NULL) {
		etcd->changed = true;
		return 0;
	}
	memcpy(line + etcd->line_size, data, n);
	etcd->line = line;
	etcd->line_size += n;
	line[etcd->line_size] = '\0';
	while ((end = strchr(line, '\n')) != NULL) {
		*end = '\0';
		take_line(etcd, line);
		line = end + 1;
	}
	etcd->line_size -= (size_t)(line - etcd->line);
	memmove(etcd->line, line, etcd->line_size + 1);
	return n;
}

/* Watch a folder, or one key: a host may not read what lies beside its own. */
static bool
begin_watch(struct store *store, const char *prefix)
{
	struct etcd *etcd = store->state;
	bool is_folder = prefix[strlen(prefix) - 1] == '/';
	json_t *body = json_pack("{s{so so* so}}", "create_request", "key",
	    encode(prefix), "range_end", is_folder ? encode_end(prefix) : NULL,
	    "start_revision", number_text(etcd->revision + 1));

	etcd->watch = etcd_post_prepare(etcd->post, "watch", body);
	if (etcd->watch == NULL)
		return false;
	etcd->over = false;
	etcd->watching = etcd_post_member(etcd->post);
	strlcpy(etcd->watched, prefix, sizeof(etcd->watched));
	curl_easy_setopt(etcd->watch, CURLOPT_WRITEFUNCTION, take_watched);
	curl_easy_setopt(etcd->watch, CURLOPT_WRITEDATA, etcd);
	curl_multi_add_handle(etcd->multi, etcd->watch);
	return true;
}

/* The watch has ended: its member may have gone. */
static void
take_end(struct etcd *etcd)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(etcd->multi, &left)) != NULL) {
		if (message->msg != CURLMSG_DONE)
			continue;
		if (message->data.result != CURLE_OK)
			etcd_post_skip(etcd->post);
		end_watch(etcd);
		etcd->changed = true;
		break;
	}
}

static int
etcd_wait(struct store *store, const char *prefix, int64_t ms)
{
	struct etcd *etcd = store->state;
	int64_t end = clock_ms() + ms, left;
	int running;

	etcd->changed = false;
	/* A member that is stopped keeps its watches open, and silent. */
	if (etcd->over || strcmp(etcd->watched, prefix) != 0 ||
	    etcd->watching != etcd_post_member(etcd->post))
		end_watch(etcd);
	if (etcd->watch == NULL && !begin_watch(store, prefix))
		return 1;
	while (!etcd->changed && (left = end - clock_ms()) > 0) {
		if (curl_multi_perform(etcd->multi, &running) != CURLM_OK)
			break;
		take_end(etcd);
		if (!etcd->changed)
			curl_multi_poll(etcd->multi, NULL, 0, (int)left, NULL);
	}
	if (etcd->changed && etcd->watch != NULL &&
	    curl_multi_perform(etcd->multi, &running) == CURLM_OK)
		take_end(etcd);
	/* Whoever reads again meets the same refusal. */
	if (etcd->over && clock_ms() < end)
		poll(NULL, 0, REFUSED_MS);
	return etcd->changed ? 1 : 0;
}

const struct engine engine_etcd = {
	.name = "etcd",
	.open = etcd_open,
	.close = etcd_close,
	.read = etcd_read,
	.list = etcd_list,
	.commit = etcd_commit,
	.keep_alive = etcd_keep_alive,
	.wait = etcd_wait,
};
