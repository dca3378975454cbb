/* SPDX-License-Identifier: ISC */
/*
 * An HTTP/1.1 answer, read as its bytes come in, and what it says about the
 * server: X-Generation and X-Version.  It knows no sockets.
 */
#ifndef LOAD_REPLY_H
#define LOAD_REPLY_H

#include <stdbool.h>
#include <stddef.h>

#define REPLY_VERSION 32

/* There may be NULs.  data is NULL if there are none. */
struct bytes {
	char *data;
	size_t len;
};

enum reply_progress {
	REPLY_MORE,  /* not complete yet */
	REPLY_WHOLE, /* complete, with nothing after it */
	REPLY_BAD,   /* no HTTP, or longer than announced */
};

enum reply_part {
	PART_HEAD,
	PART_BODY,
	PART_BODY_TO_END, /* neither length nor chunks: up to the close */
	PART_CHUNK_SIZE,
	PART_CHUNK,
	PART_CHUNK_END,
	PART_TRAILER,
	PART_PLAIN, /* no HTTP */
	PART_DONE,
};

struct reply {
	enum reply_part part;
	size_t bytes; /* received so far */
	int status;
	bool close; /* the server will close the connection */
	unsigned int generation;
	char version[REPLY_VERSION];
	char body[2048]; /* its beginning, NUL-terminated */
	size_t body_len;
	long long left; /* of the body or chunk; the size being read */
	size_t line;	/* length of the trailer line so far */
	const struct bytes *until; /* what ends an answer that is no HTTP */
	bool anywhere;		   /* or where else that may be */
	size_t used;
	char head[4096];
};

/*
 * until, which is borrowed until the answer is complete, ends an answer that is
 * no HTTP; else it is NULL.  Such an answer has status 200.  anywhere: more may
 * follow, and the connection is of no use then.
 */
void reply_begin(struct reply *, const struct bytes *until, bool anywhere);

/* Take more bytes. */
enum reply_progress reply_feed(struct reply *, const char *data, size_t len);

/* The connection was closed: was the answer complete? */
enum reply_progress reply_end(const struct reply *);

/*
 * An answer in one datagram: header fields and an empty line, which may be
 * missing, then a body.  It has status 200.
 */
void reply_datagram(struct reply *, const char *data, size_t len);

/* The first line of the body is the version. */
void reply_version_from_body(struct reply *);

#endif
