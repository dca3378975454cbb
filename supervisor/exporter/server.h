/* SPDX-License-Identifier: ISC */
/*
 * An HTTP server with one page that takes a moment to be made, /metrics, and
 * one that says so, /.  Whoever asks while the page is being made gets the next
 * one, so that a page is never older than its request, and many clients cause
 * no more work than one.  Each state of a connection has a time limit, and the
 * connections have a number limit: no client keeps another one out.
 */
#ifndef EXPORTER_SERVER_H
#define EXPORTER_SERVER_H

#include <event2/buffer.h>
#include <event2/event.h>

struct server;

/*
 * make is called when the page is to be made; the answer is server_answer.
 * ended is called when server_stop was called and the last client has gone.
 * *New*; NULL: no memory.
 */
struct server *server_new(struct event_base *, void (*make)(void *arg),
    void (*ended)(void *arg), void *arg);

/* Serve a listening socket, which is *stolen*.  -1: no memory. */
int server_listen(struct server *, int fd);

/* The page is made, or cannot be, as an HTTP status; body is drained. */
void server_answer(struct server *, unsigned int status, struct evbuffer *body);

/*
 * Take no connection and no request any more, but answer those that have come.
 */
void server_stop(struct server *);

#endif
