/* SPDX-License-Identifier: ISC */
/*
 * Varlink messages: JSON objects, each ended by a NUL byte.
 */
#include "base/varlink.h"

#include <errno.h>
#include <event2/buffer.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

int
varlink_take(struct evbuffer *buffer, json_t **message)
{
	struct evbuffer_ptr end;
	unsigned char *text;

	end = evbuffer_search(buffer, "", 1, NULL);
	if (end.pos == -1) {
		if (evbuffer_get_length(buffer) < VARLINK_MESSAGE_MAX)
			return 0;
		errno = EMSGSIZE;
		return -1;
	}
	if (end.pos >= VARLINK_MESSAGE_MAX) {
		errno = EMSGSIZE;
		return -1;
	}
	if ((text = evbuffer_pullup(buffer, end.pos + 1)) == NULL) {
		errno = ENOMEM;
		return -1;
	}
	*message =
	    json_loadb((char *)text, end.pos, JSON_REJECT_DUPLICATES, NULL);
	evbuffer_drain(buffer, end.pos + 1);
	if (!json_is_object(*message)) {
		json_decref(*message);
		*message = NULL;
		errno = EBADMSG;
		return -1;
	}
	return 1;
}

int
varlink_put(struct evbuffer *buffer, json_t *message)
{
	char *text = memory_text(message, JSON_COMPACT);
	int r = -1;

	json_decref(message);
	if (text != NULL)
		r = evbuffer_add(buffer, text, strlen(text) + 1);
	free(text);
	if (r == -1)
		errno = ENOMEM;
	return r;
}

int
varlink_call_parse(struct varlink_call *call, json_t *message)
{
	json_t *parameters = NULL;
	int more = 0, oneway = 0;

	memset(call, 0, sizeof(*call));
	if (json_unpack(message, "{ss s?o s?b s?b}", "method", &call->method,
		"parameters", &parameters, "more", &more, "oneway",
		&oneway) == -1)
		goto bad;
	if (parameters == NULL || json_is_null(parameters)) {
		parameters = json_object();
		json_object_set_new(message, "parameters", parameters);
	}
	if (!json_is_object(parameters))
		goto bad;
	call->parameters = parameters;
	call->more = more;
	call->oneway = oneway;
	call->message = message;
	return 0;
bad:
	json_decref(message);
	errno = EBADMSG;
	return -1;
}

/* An object with one string and, if there are any, the parameters. */
static json_t *
envelope(const char *key, const char *value, json_t *parameters)
{
	json_t *message = json_object();

	if (key != NULL)
		json_object_set_new(message, key, json_string(value));
	json_object_set_new(message, "parameters",
	    parameters != NULL ? parameters : json_object());
	return message;
}

json_t *
varlink_call(const char *method, json_t *parameters, bool more)
{
	json_t *message = envelope("method", method, parameters);

	if (more)
		json_object_set_new(message, "more", json_true());
	return message;
}

json_t *
varlink_reply(json_t *parameters, bool continues)
{
	json_t *message = envelope(NULL, NULL, parameters);

	if (continues)
		json_object_set_new(message, "continues", json_true());
	return message;
}

json_t *
varlink_error(const char *name, json_t *parameters)
{
	return envelope("error", name, parameters);
}
