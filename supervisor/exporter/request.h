/* SPDX-License-Identifier: ISC */
/*
 * The head of an HTTP/1 request, RFC 9112, line by line, as far as a server
 * needs it that has some pages for GET and HEAD and reads no body.  Pure.
 */
#ifndef EXPORTER_REQUEST_H
#define EXPORTER_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#define REQUEST_PATH 32 /* a longer path is cut: no page has one */

struct request {
	unsigned int status; /* of HTTP, if the request is refused; else 0 */
	bool begun;	     /* its first line has come */
	bool get, head;	     /* the method; or it is another */
	char path[REQUEST_PATH];
	bool keep; /* the client wants to send further requests */
	bool body; /* a body follows, which nobody reads */
	bool host;
	bool modern; /* HTTP/1.1 */
};

/*
 * Take the next line, without its end; it may have any bytes.  Returns true
 * when the request is whole, or is refused.
 */
bool request_take(struct request *, const char *line, size_t length);

#endif
