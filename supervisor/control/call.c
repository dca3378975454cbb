/* SPDX-License-Identifier: ISC */
/*
 * A connection to the control socket and the calls on it, one after the other.
 * A connection has a bounded buffer in each direction; a peer that sends
 * invalid data loses its connection.
 */
#include "control/call.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "base/varlink.h"
#include "core/service.h"

#define SILENCE_S  60	     /* for a peer without a call under way */
#define UNREAD_MAX (4 << 20) /* bytes that a peer may leave unread */

struct call {
	struct service *service;
	const struct call_events *events;
	void *arg;
	struct bufferevent *peer;
	uid_t uid;
	unsigned long lacked;	     /* memory, before the reply was made */
	struct varlink_call varlink; /* message is NULL: no call is under way */
	void (*ended)(void *arg);
	void *ended_arg;
};

static void take_call(struct call *);

bool
call_is_of_owner(uid_t uid)
{
	return uid == 0 || uid == geteuid();
}

static void
expect_silence(struct call *call, bool limited)
{
	struct timeval silence = { SILENCE_S, 0 };

	bufferevent_set_timeouts(call->peer, limited ? &silence : NULL, NULL);
}

/* The call has ended, with or without a reply; the connection may go on. */
static void
finish(struct call *call)
{
	void (*ended)(void *) = call->ended;

	json_decref(call->varlink.message);
	memset(&call->varlink, 0, sizeof(call->varlink));
	call->ended = NULL;
	if (ended != NULL)
		ended(call->ended_arg);
}

static void
peer_event(struct bufferevent *peer, short what, void *arg)
{
	call_free(arg);
}

static void
peer_readable(struct bufferevent *peer, void *arg)
{
	take_call(arg);
}

/*
 * Take the next call if the whole of it has arrived and no call is under way.
 * Only one call is taken in each turn of the loop, so that a peer with many
 * calls does not delay others.
 */
static void
take_call(struct call *call)
{
	struct evbuffer *input = bufferevent_get_input(call->peer);
	json_t *message;
	int r;

	if (call->varlink.message != NULL ||
	    (r = varlink_take(input, &message)) == 0)
		return;
	if (r == -1 || varlink_call_parse(&call->varlink, message) == -1) {
		log_debug("control: bad message: %s", strerror(errno));
		call_free(call);
		return;
	}
	expect_silence(call, false);
	call->lacked = memory_lacked();
	call->events->arrived(call, call->varlink.method, call->arg);
}

struct call *
call_new(struct service *service, int sock, uid_t uid,
    const struct call_events *events, void *arg)
{
	struct call *call = calloc(1, sizeof(*call));

	if (call != NULL)
		call->peer = bufferevent_socket_new(
		    service->base, sock, BEV_OPT_CLOSE_ON_FREE);
	if (call == NULL || call->peer == NULL) {
		close(sock);
		free(call);
		return NULL;
	}
	if (bufferevent_enable(call->peer, EV_READ | EV_WRITE) == -1) {
		bufferevent_free(call->peer);
		free(call);
		return NULL;
	}
	call->service = service;
	call->events = events;
	call->arg = arg;
	call->uid = uid;
	bufferevent_setcb(call->peer, peer_readable, NULL, peer_event, call);
	bufferevent_setwatermark(call->peer, EV_READ, 0, VARLINK_MESSAGE_MAX);
	expect_silence(call, true);
	return call;
}

void
call_free(struct call *call)
{
	finish(call);
	call->events->gone(call->arg);
	bufferevent_free(call->peer);
	free(call);
}

bool
call_is_under_way(const struct call *call)
{
	return call->varlink.message != NULL;
}

void
call_flush(struct call *call)
{
	struct evbuffer *output = bufferevent_get_output(call->peer);

	/*
	 * A bufferevent freezes its output: only the bufferevent itself may
	 * drain it.
	 */
	evbuffer_unfreeze(output, 1);
	while (evbuffer_get_length(output) > 0 &&
	    evbuffer_write(output, bufferevent_getfd(call->peer)) > 0)
		;
	evbuffer_freeze(output, 1);
}

struct service *
call_service(const struct call *call)
{
	return call->service;
}

const json_t *
call_parameters(const struct call *call)
{
	return call->varlink.parameters;
}

static bool
get_peer(const struct call *call, struct ucred *peer)
{
	socklen_t len = sizeof(*peer);

	return getsockopt(bufferevent_getfd(call->peer), SOL_SOCKET,
		   SO_PEERCRED, peer, &len) == 0;
}

bool
call_is_owner(const struct call *call)
{
	return call_is_of_owner(call->uid);
}

struct asker
call_asker(const struct call *call)
{
	return (struct asker){ "control socket", call->uid };
}

pid_t
call_pid(const struct call *call)
{
	struct ucred peer;

	return get_peer(call, &peer) ? peer.pid : 0;
}

bool
call_wants_more(const struct call *call)
{
	return call->varlink.more;
}

void
call_keep(struct call *call, void (*ended)(void *arg), void *arg)
{
	call->ended = ended;
	call->ended_arg = arg;
}

/*
 * Queue a whole message, and see that it is written: a bufferevent for which
 * there was no memory does not notice what is in its output.
 */
static bool
queue(struct call *call, json_t *message)
{
	struct evbuffer *output = bufferevent_get_output(call->peer);

	return varlink_put(output, message) == 0 &&
	    call->lacked == memory_lacked() &&
	    evbuffer_get_length(output) <= UNREAD_MAX &&
	    bufferevent_enable(call->peer, EV_WRITE) == 0;
}

/*
 * A peer that does not read, or whose message is not whole, loses its
 * connection later; it may connect and call again.
 */
static void
send_message(struct call *call, json_t *message)
{
	if (call->varlink.oneway)
		json_decref(message);
	else if (!queue(call, message))
		bufferevent_trigger_event(
		    call->peer, BEV_EVENT_ERROR, BEV_TRIG_DEFER_CALLBACKS);
}

/* Take the next call from the loop, since the stack may be deep here. */
static void
go_on(struct call *call)
{
	finish(call);
	expect_silence(call, true);
	bufferevent_trigger(call->peer, EV_READ,
	    BEV_TRIG_IGNORE_WATERMARKS | BEV_TRIG_DEFER_CALLBACKS);
}

void
call_reply(struct call *call, json_t *parameters, bool continues)
{
	send_message(call, varlink_reply(parameters, continues));
	if (!continues)
		go_on(call);
}

void
call_error(struct call *call, const char *name, json_t *parameters)
{
	char whole[128] = "";

	if (strchr(name, '.') == NULL)
		strlcpy(whole, "org.hotswap.Supervisor.", sizeof(whole));
	strlcat(whole, name, sizeof(whole));
	send_message(call, varlink_error(whole, parameters));
	go_on(call);
}

void
call_fail(struct call *call, const char *name, const char *message)
{
	call_error(call, name, json_pack("{ss}", "message", message));
}
