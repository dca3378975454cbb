/* SPDX-License-Identifier: ISC */
/*
 * What the exporter answers, but for the metrics themselves.
 */
#include "exporter/pages.h"

#include <time.h>

#define START                                                                \
	"<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"  \
	"<title>hotswap exporter</title></head><body><h1>hotswap "           \
	"exporter</h1><p><a href=\"/metrics\">Metrics</a> of all services, " \
	"in Prometheus' text format; hotswap(1) explains them.</p></body>"   \
	"</html>\n"

static const struct page {
	unsigned int status;
	const char *reason;
	const char *text;
} pages[] = {
	{ 200, "OK", START },
	{ 400, "Bad Request", "This is no request of HTTP/1.1.\n" },
	{ 404, "Not Found", "The metrics are at /metrics.\n" },
	{ 405, "Method Not Allowed", "Here are only GET and HEAD.\n" },
	{ 431, "Request Header Fields Too Large",
	    "The request is longer than 16 kB.\n" },
	{ 500, "Internal Server Error",
	    "The services cannot be found; the exporter's log says why.\n" },
	{ 503, "Service Unavailable", "There is no memory.\n" },
	{ 505, "HTTP Version Not Supported", "Here is only HTTP/1.\n" },
};

static const struct page *
find(unsigned int status)
{
	const struct page *page = pages;

	while (page->status != status &&
	    page < pages + sizeof(pages) / sizeof(pages[0]) - 1)
		page++;
	return page;
}

void
pages_head(struct evbuffer *out, unsigned int status, const char *type,
    size_t length, bool keep)
{
	time_t now = time(NULL);
	char date[64];
	struct tm tm;

	gmtime_r(&now, &tm);
	/* The process has the locale C. */
	strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S GMT", &tm);
	evbuffer_add_printf(out,
	    "HTTP/1.1 %u %s\r\nDate: %s\r\nContent-Type: %s\r\n"
	    "Content-Length: %zu\r\nX-Content-Type-Options: nosniff\r\n"
	    "%sConnection: %s\r\n\r\n",
	    status, find(status)->reason, date, type, length,
	    status == 405 ? "Allow: GET, HEAD\r\n" : "",
	    keep ? "keep-alive" : "close");
}

void
pages_text(struct evbuffer *out, unsigned int status)
{
	evbuffer_add_printf(out, "%s", find(status)->text);
}
