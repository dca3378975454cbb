/* SPDX-License-Identifier: ISC */
/*
 * The head of an HTTP/1 request.
 */
#include "exporter/request.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define BLANKS " \t"

static bool
refuse(struct request *request, unsigned int status)
{
	request->status = status;
	/* Where the next request begins is not known. */
	request->keep = false;
	return true;
}

/* `HTTP/1.` and a digit; what other versions say is not understood. */
static unsigned int
read_version(struct request *request, const char *text)
{
	if (strncmp(text, "HTTP/", 5) != 0)
		return 400;
	if (strncmp(text, "HTTP/1.", 7) != 0)
		return 505;
	if (text[7] < '0' || text[7] > '9' || text[8] != '\0')
		return 400;
	request->modern = text[7] != '0';
	request->keep = request->modern;
	return 0;
}

/* The path of `/path?query` or `http://host/path`. */
static void
read_target(struct request *request, const char *target)
{
	size_t n;

	if (strncasecmp(target, "http://", 7) == 0) {
		target += 7;
		target += strcspn(target, "/?");
	}
	n = strcspn(target, "?");
	if (n == 0) {
		target = "/";
		n = 1;
	}
	if (n >= sizeof(request->path))
		n = sizeof(request->path) - 1;
	memcpy(request->path, target, n);
	request->path[n] = '\0';
}

static unsigned int
read_first(struct request *request, char *line)
{
	char *target, *version;

	request->begun = true;
	if ((target = strchr(line, ' ')) == NULL || target == line)
		return 400;
	*target++ = '\0';
	if ((version = strchr(target, ' ')) == NULL || version == target)
		return 400;
	*version++ = '\0';
	request->get = strcmp(line, "GET") == 0;
	request->head = strcmp(line, "HEAD") == 0;
	read_target(request, target);
	return read_version(request, version);
}

/* `Connection: keep-alive, x` */
static void
read_connection(struct request *request, char *value)
{
	char *word, *rest = value;

	while ((word = strsep(&rest, "," BLANKS)) != NULL)
		if (strcasecmp(word, "close") == 0)
			request->keep = false;
		else if (strcasecmp(word, "keep-alive") == 0 &&
		    !request->modern)
			request->keep = true;
}

static unsigned int
read_field(struct request *request, char *line)
{
	char *value = strchr(line, ':'), *end;

	/* What begins with a blank would belong to the line before. */
	if (value == NULL || value == line || strpbrk(line, BLANKS) == line)
		return 400;
	*value++ = '\0';
	/* A blank before the colon makes two servers read two names. */
	if (strpbrk(line, BLANKS) != NULL)
		return 400;
	value += strspn(value, BLANKS);
	for (end = value + strlen(value);
	     end > value && strchr(BLANKS, end[-1]) != NULL;)
		*--end = '\0';
	if (strcasecmp(line, "Host") == 0) {
		if (request->host)
			return 400;
		request->host = true;
	} else if (strcasecmp(line, "Connection") == 0)
		read_connection(request, value);
	else if (strcasecmp(line, "Transfer-Encoding") == 0)
		request->body = true;
	else if (strcasecmp(line, "Content-Length") == 0) {
		if (*value == '\0' ||
		    value[strspn(value, "0123456789")] != '\0')
			return 400;
		if (value[strspn(value, "0")] != '\0')
			request->body = true;
	}
	return 0;
}

bool
request_take(struct request *request, const char *line, size_t length)
{
	unsigned int status;
	char *copy;

	if (length == 0) {
		/* Some clients send an empty line before a request. */
		if (!request->begun)
			return false;
		if (request->modern && !request->host)
			return refuse(request, 400);
		request->keep = request->keep && !request->body;
		return true;
	}
	if (memchr(line, '\0', length) != NULL)
		return refuse(request, 400);
	if ((copy = strndup(line, length)) == NULL)
		return refuse(request, 503);
	status = request->begun ? read_field(request, copy)
				: read_first(request, copy);
	free(copy);
	return status != 0 && refuse(request, status);
}
