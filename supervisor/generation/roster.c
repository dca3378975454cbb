/* SPDX-License-Identifier: ISC */
/*
 * The list of the service's listeners: first those of --listen and of a .socket
 * unit in their order, then those that programs have made.
 */
#include "generation/roster.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sockopt.h"
#include "config/options.h"
#include "core/held.h"
#include "core/service.h"
#include "keep/store.h"
#include "traffic/listener.h"

/*
 * A listener that gets connections of the same address; NULL if there is none.
 */
static const struct listener *
find_overlap(const struct service *service, const struct address *address)
{
	const struct address *other;
	size_t i;

	for (i = 0; i < service->nlisteners; i++) {
		other = listener_address(service->listeners[i]);
		if (!address_overlaps(other, address))
			continue;
		/* With port 0 the kernel gives each of them another port. */
		if (address_kind(address) != ADDRESS_INET ||
		    address_port(address) != 0)
			return service->listeners[i];
	}
	return NULL;
}

struct listener *
roster_make(
    struct service *service, const char *name, const struct address *address)
{
	struct listener *listener =
	    listener_new(name, address, (int)service->options->backlog);

	if (listener == NULL)
		return NULL;
	listener_set_holder(listener, held_holder(service));
	listener_set_kind(listener, service->kind);
	return listener;
}

static struct listener *
open_one(struct service *service, const char *option, char *why, size_t size)
{
	const struct listener *other;
	struct listener *listener = NULL;
	char text[ADDRESS_STRLEN];
	struct address address;
	const char *where, *fault;
	char *name = NULL;
	size_t len;

	where = options_listen_address(option, &len);
	if (len > 0 && (name = strndup(option, len)) == NULL)
		snprintf(why, size, "%s", strerror(errno));
	else if (address_parse(&address, where, &fault) == -1)
		snprintf(why, size, "--listen %s: %s", where, fault);
	else if ((other = find_overlap(service, &address)) != NULL) {
		address_format(listener_address(other), text);
		snprintf(why, size, "--listen %s: overlaps with %s %s%s", where,
		    listener_is_passed(other) ? "the socket that was passed at"
					      : "--listen",
		    text,
		    strstr(where, "[::]") != NULL ||
			    strstr(text, "[::]") != NULL
			? ", as [::] takes in IPv4"
			: "");
	} else if ((listener = roster_make(service, name, &address)) == NULL)
		snprintf(why, size, "--listen %s: %s", where, strerror(errno));
	free(name);
	return listener;
}

int
roster_add(struct service *service, struct listener *listener)
{
	struct listener **more;

	more = reallocarray(
	    service->listeners, service->nlisteners + 2, sizeof(*more));
	if (more == NULL) {
		listener_free(listener);
		return -1;
	}
	service->listeners = more;
	more[service->nlisteners++] = listener;
	service->made++;
	return 0;
}

/* Make the listeners of a .socket unit, in its order. */
static int
open_passed(struct service *service, char *why, size_t size)
{
	struct listener *listener;
	char name[STORE_NAME];
	size_t i;
	int fd;

	for (i = 0;; i++) {
		fd = store_passed(held_store(service), i, name);
		if (fd == -1 && errno == ENOENT)
			return 0;
		listener = fd == -1
		    ? NULL
		    : listener_new_passed(name, fd,
			  (int)service->options->backlog, held_holder(service));
		if (listener != NULL && roster_add(service, listener) == 0)
			continue;
		snprintf(why, size,
		    "descriptor %zu that was passed, \"%s\": %s", i + 3, name,
		    errno == EINVAL ? "it is a connection, or does not listen "
				      "(Accept=no, systemd.socket(5))"
				    : strerror(errno));
		return -1;
	}
}

int
roster_open(struct service *service, char *why, size_t size)
{
	char **option = service->options->listen;
	struct listener *listener;

	if (open_passed(service, why, size) == -1)
		return -1;
	for (; *option != NULL; option++) {
		listener = open_one(service, *option, why, size);
		if (listener == NULL)
			return -1;
		if (roster_add(service, listener) == -1) {
			snprintf(why, size, "%s", strerror(errno));
			return -1;
		}
	}
	service->ndeclared = service->nlisteners;
	return 0;
}

json_t *
roster_save(const struct service *service)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < service->nlisteners; i++) {
		if (json_array_append_new(
			list, listener_save(service->listeners[i])) == 0)
			continue;
		json_decref(list);
		return NULL;
	}
	return list;
}

int
roster_restore(struct service *service, const json_t *list)
{
	struct listener *listener;
	json_t *saved;
	size_t i;

	service->listeners =
	    calloc(json_array_size(list) + 1, sizeof(*service->listeners));
	if (service->listeners == NULL)
		return -1;
	json_array_foreach (list, i, saved) {
		listener = listener_restore(
		    saved, held_socket, service, held_holder(service));
		if (listener == NULL)
			return -1;
		listener_set_kind(listener, service->kind);
		service->listeners[service->nlisteners++] = listener;
	}
	return 0;
}

void
roster_close(struct service *service)
{
	while (service->nlisteners > 0)
		listener_free(service->listeners[--service->nlisteners]);
	free(service->listeners);
	service->listeners = NULL;
}

struct address *
roster_addresses(const struct service *service)
{
	struct address *addresses =
	    calloc(service->nlisteners + 1, sizeof(*addresses));
	size_t i;

	for (i = 0; addresses != NULL && i < service->nlisteners; i++)
		addresses[i] = *listener_address(service->listeners[i]);
	return addresses;
}

struct listener *
roster_find(const struct service *service, const struct address *address)
{
	size_t i;

	for (i = 0; i < service->nlisteners; i++) {
		if (address_equal(
			listener_address(service->listeners[i]), address))
			return service->listeners[i];
	}
	return NULL;
}

struct listener *
roster_with_socket(
    const struct service *service, unsigned int generation, int fd)
{
	uint64_t cookie = sockopt_cookie(fd);
	size_t i;

	for (i = 0; i < service->nlisteners; i++) {
		if (listener_has(service->listeners[i], generation, cookie))
			return service->listeners[i];
	}
	return NULL;
}

bool
roster_has_unix(const struct service *service)
{
	size_t i;

	for (i = 0; i < service->nlisteners; i++)
		if (address_kind(listener_address(service->listeners[i])) !=
		    ADDRESS_INET)
			return true;
	return false;
}

bool
roster_is_declared(
    const struct service *service, const struct listener *listener)
{
	size_t i;

	for (i = 0; i < service->ndeclared; i++) {
		if (service->listeners[i] == listener)
			return true;
	}
	return false;
}

void
roster_tidy(struct service *service)
{
	size_t i = service->ndeclared;

	while (i < service->nlisteners) {
		if (!listener_is_empty(service->listeners[i])) {
			i++;
			continue;
		}
		listener_free(service->listeners[i]);
		service->listeners[i] =
		    service->listeners[--service->nlisteners];
	}
}
