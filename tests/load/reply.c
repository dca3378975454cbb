/* SPDX-License-Identifier: ISC */
/*
 * An HTTP/1.1 answer, read as its bytes come in, RFC 9112: one function for
 * each part takes the bytes of the part and returns their number.
 */
#include "reply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/param.h>

void
reply_begin(struct reply *r, const struct bytes *until, bool anywhere)
{
	r->part = until != NULL ? PART_PLAIN : PART_HEAD;
	r->until = until;
	r->anywhere = anywhere;
	r->bytes = r->used = r->line = r->body_len = 0;
	r->status = until != NULL ? 200 : 0;
	r->close = false;
	r->generation = 0;
	r->left = -1;
	r->version[0] = r->body[0] = '\0';
}

static void
field_length(struct reply *r, const char *value)
{
	r->left = strtoll(value, NULL, 10);
}

static void
field_encoding(struct reply *r, const char *value)
{
	if (strcasestr(value, "chunked") != NULL)
		r->part = PART_CHUNK_SIZE;
}

static void
field_connection(struct reply *r, const char *value)
{
	if (strcasestr(value, "close") != NULL)
		r->close = true;
}

static void
field_generation(struct reply *r, const char *value)
{
	r->generation = (unsigned int)strtoul(value, NULL, 10);
}

static void
field_version(struct reply *r, const char *value)
{
	snprintf(r->version, sizeof(r->version), "%s", value);
}

static const struct field {
	const char *name;
	void (*take)(struct reply *, const char *);
} fields[] = {
	{ "Content-Length:", field_length },
	{ "Transfer-Encoding:", field_encoding },
	{ "Connection:", field_connection },
	{ "X-Generation:", field_generation },
	{ "X-Version:", field_version },
};

#define NFIELDS (sizeof(fields) / sizeof(fields[0]))

static void
take_fields(struct reply *r, char *lines)
{
	char *line;
	size_t i, len;

	while ((line = strsep(&lines, "\n")) != NULL) {
		line[strcspn(line, "\r")] = '\0';
		for (i = 0; i < NFIELDS; i++) {
			len = strlen(fields[i].name);
			if (strncasecmp(line, fields[i].name, len) != 0)
				continue;
			line += len;
			fields[i].take(r, line + strspn(line, " \t"));
			break;
		}
	}
}

/* The head is complete: what follows?  -1: it is no HTTP. */
static int
head_done(struct reply *r)
{
	int minor;

	if (sscanf(r->head, "HTTP/1.%d %d", &minor, &r->status) != 2)
		return -1;
	r->close = minor == 0;
	r->left = -1;
	r->part = PART_BODY_TO_END;
	take_fields(r, r->head);
	if (r->status / 100 == 1) { /* an interim answer, RFC 9110 15.2 */
		r->part = PART_HEAD;
		r->used = 0;
	} else if (r->part == PART_CHUNK_SIZE) {
		r->left = 0;
	} else if (r->left > 0) {
		r->part = PART_BODY;
	} else if (r->left == 0 || r->status == 204 || r->status == 304) {
		r->part = PART_DONE;
	}
	return 0;
}

static ssize_t
take_head(struct reply *r, const char *data, size_t len)
{
	size_t taken = 0;

	while (taken < len) {
		if (r->used == sizeof(r->head) - 1)
			return -1;
		r->head[r->used++] = data[taken++];
		if (r->used < 4 ||
		    memcmp(r->head + r->used - 4, "\r\n\r\n", 4) != 0)
			continue;
		r->head[r->used] = '\0';
		return head_done(r) == -1 ? -1 : (ssize_t)taken;
	}
	return (ssize_t)taken;
}

static void
keep_body(struct reply *r, const char *data, size_t len)
{
	size_t room = sizeof(r->body) - 1 - r->body_len;

	len = MIN(len, room);
	memcpy(r->body + r->body_len, data, len);
	r->body_len += len;
	r->body[r->body_len] = '\0';
}

static ssize_t
take_body(struct reply *r, const char *data, size_t len)
{
	if (r->part != PART_BODY_TO_END) {
		len = MIN(len, (size_t)r->left);
		r->left -= (long long)len;
		if (r->left == 0)
			r->part =
			    r->part == PART_CHUNK ? PART_CHUNK_END : PART_DONE;
	}
	keep_body(r, data, len);
	return (ssize_t)len;
}

/* Hexadecimal digits; an extension after `;` is ignored. */
static ssize_t
take_chunk_size(struct reply *r, const char *data, size_t len)
{
	const char *digits = "0123456789abcdef", *digit;
	size_t i;

	for (i = 0; i < len; i++) {
		if (data[i] == '\n') {
			r->part = r->left == 0 ? PART_TRAILER : PART_CHUNK;
			r->line = 0;
			return (ssize_t)i + 1;
		}
		digit = strchr(digits, data[i] | 0x20);
		if (digit == NULL || r->left >> 40 != 0)
			r->line = 1;
		if (r->line == 0)
			r->left = r->left * 16 + (digit - digits);
	}
	return (ssize_t)len;
}

static ssize_t
take_chunk_end(struct reply *r, const char *data, size_t len)
{
	if (data[0] == '\n') {
		r->part = PART_CHUNK_SIZE;
		r->left = 0;
	} else if (data[0] != '\r') {
		return -1;
	}
	return 1;
}

static ssize_t
take_trailer(struct reply *r, const char *data, size_t len)
{
	if (data[0] == '\n') {
		if (r->line == 0)
			r->part = PART_DONE;
		r->line = 0;
	} else if (data[0] != '\r') {
		r->line++;
	}
	return 1;
}

/* What does not fit is cut off in the body, and then the answer never ends. */
static ssize_t
take_plain(struct reply *r, const char *data, size_t len)
{
	const struct bytes *until = r->until;

	keep_body(r, data, len);
	if (r->anywhere)
		r->close = memmem(r->body, r->body_len, until->data,
			       until->len) != NULL;
	if (r->close ||
	    (r->body_len >= until->len &&
		memcmp(r->body + r->body_len - until->len, until->data,
		    until->len) == 0))
		r->part = PART_DONE;
	return (ssize_t)len;
}

static ssize_t
take_nothing(struct reply *r, const char *data, size_t len)
{
	return -1;
}

static ssize_t (*const takers[])(struct reply *, const char *, size_t) = {
	[PART_HEAD] = take_head,
	[PART_BODY] = take_body,
	[PART_BODY_TO_END] = take_body,
	[PART_CHUNK_SIZE] = take_chunk_size,
	[PART_CHUNK] = take_body,
	[PART_CHUNK_END] = take_chunk_end,
	[PART_TRAILER] = take_trailer,
	[PART_PLAIN] = take_plain,
	[PART_DONE] = take_nothing,
};

enum reply_progress
reply_feed(struct reply *r, const char *data, size_t len)
{
	ssize_t n;

	r->bytes += len;
	while (len > 0) {
		if ((n = takers[r->part](r, data, len)) == -1)
			return REPLY_BAD;
		data += n;
		len -= (size_t)n;
	}
	return r->part == PART_DONE ? REPLY_WHOLE : REPLY_MORE;
}

enum reply_progress
reply_end(const struct reply *r)
{
	return r->part == PART_BODY_TO_END ? REPLY_WHOLE : REPLY_MORE;
}

void
reply_datagram(struct reply *r, const char *data, size_t len)
{
	const char *empty = memmem(data, len, "\r\n\r\n", 4);
	size_t head = empty == NULL ? 0 : (size_t)(empty - data) + 4;

	reply_begin(r, NULL, false);
	head = MIN(head, sizeof(r->head) - 1);
	memcpy(r->head, data, head);
	r->head[head] = '\0';
	take_fields(r, r->head);
	r->bytes = len;
	r->status = 200;
	r->part = PART_DONE;
	keep_body(r, data + head, len - head);
}

void
reply_version_from_body(struct reply *r)
{
	snprintf(r->version, sizeof(r->version), "%.*s",
	    (int)strcspn(r->body, "\r\n"), r->body);
}
