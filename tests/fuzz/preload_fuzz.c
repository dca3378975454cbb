/* SPDX-License-Identifier: ISC */
/*
 * Calls that the preload library announces to the real socket, with and without
 * descriptors; the answers come in every way and order.
 */
#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "announce.h"
#include "base/fd.h"
#include "base/pace.h"
#include "descriptors.h"
#include "fuzz.h"
#include "process/intercept.h"
#include "process/reaper.h"

#define HELD_MAX 4
#define TURNS	 64 /* of the loop, to handle what was sent */

/* Bits of `what`: the kind, asked before, no header, the peer has gone. */
enum { WHAT_KIND = 3, WHAT_AGAIN = 4, WHAT_RAW = 8, WHAT_GONE = 16 };

static struct event_base *base;
static struct intercept *intercept;
static struct sockaddr_un address = { .sun_family = AF_UNIX };
static struct intercept_call *held[HELD_MAX];
static unsigned int turn;

/* In place of base/pace.c: everything is allowed here. */
bool
pace_allows(struct pace *pace, unsigned int most, unsigned int span_ms)
{
	return true;
}

int64_t
share_wall_usec(void)
{
	return 0;
}

unsigned int
share_use(struct share *share, int64_t usec)
{
	return 0;
}

static void
replace(struct intercept_call *call)
{
	int fd = fd_dup(call->fd);

	intercept_replace(call, fd);
	fd_close(&fd);
}

static void
answer(struct intercept_call *call, unsigned int how)
{
	if (how % 3 == 0)
		intercept_pass(call);
	else if (how % 3 == 1 && call->kind != INTERCEPT_UNLINK)
		replace(call);
	else
		intercept_done(call, how % 2 == 0 ? 0 : EADDRINUSE);
}

static void
on_call(struct intercept_call *call, void *arg)
{
	unsigned int i = turn++ % (2 * HELD_MAX);

	FUZZ_EXPECT((call->kind == INTERCEPT_UNLINK) == (call->fd == -1));
	FUZZ_EXPECT(call->kind == INTERCEPT_UNLINK ||
	    call->len <= sizeof(struct sockaddr_storage));
	if (i < HELD_MAX && held[i] == NULL)
		held[i] = call;
	else
		answer(call, turn);
}

static void
on_gone(void *arg)
{
}

static const struct intercept_handler handler = { .call = on_call,
	.gone = on_gone };

static void
set_up(void)
{
	int fd;

	snprintf(address.sun_path, sizeof(address.sun_path),
	    "/tmp/preload_fuzz.%d", getpid());
	base = event_base_new();
	FUZZ_EXPECT(base != NULL && reaper_init(base, NULL, NULL) == 0);
	fd = intercept_preload_listen(address.sun_path, getuid(), getgid());
	FUZZ_EXPECT(fd != -1);
	intercept = intercept_preload_new(base, fd, &handler, NULL);
	FUZZ_EXPECT(intercept != NULL);
}

/* *New*: the connection, on which the answer may be awaited. */
static int
announce(const struct fuzz_message *message)
{
	char text[sizeof(struct announce_request) + 256];
	struct announce_request request = { ANNOUNCE_VERSION,
		message->what & WHAT_KIND, 3, 16 };
	size_t len = message->what & WHAT_RAW ? 0 : sizeof(request);
	int sock =
	    socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (message->what & WHAT_AGAIN)
		request.kind |= ANNOUNCE_AGAIN;
	memcpy(text, &request, len);
	memcpy(text + len, message->data, message->len);
	FUZZ_EXPECT(
	    connect(sock, (struct sockaddr *)&address, sizeof(address)) == 0);
	fd_send(sock, text, len + message->len, message->fds, message->n);
	return sock;
}

static void
settle(void)
{
	unsigned int i;

	for (i = 0; i < TURNS; i++)
		event_base_loop(base, EVLOOP_NONBLOCK);
	for (i = 0; i < HELD_MAX; i++) {
		if (held[i] != NULL)
			answer(held[i], turn + i);
		held[i] = NULL;
	}
	FUZZ_EXPECT(intercept_is_idle(intercept));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_message message;
	size_t first, n = 0;
	int socks[64];

	if (base == NULL)
		set_up();
	turn = 0;
	first = fuzz_open();
	while (n < 64 && fuzz_next(&message, &data, &size)) {
		socks[n++] = announce(&message);
		fuzz_close(&message);
		if (message.what & WHAT_GONE)
			fd_close(&socks[--n]);
		event_base_loop(base, EVLOOP_NONBLOCK);
	}
	while (n > 0)
		close(socks[--n]);
	settle();
	FUZZ_EXPECT(fuzz_comes_down_to(first));
	return 0;
}
