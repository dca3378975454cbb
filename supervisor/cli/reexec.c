/* SPDX-License-Identifier: ISC */
/*
 * reexec: have the supervisor replaced by another build, and tell what that
 * build says of how it went.
 */
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/client.h"
#include "cli/client_tell.h"
#include "cli/field.h"
#include "cli/tell.h"
#include "cli/waiting.h"

/* A relative path is relative to the directory of the caller. */
static int
put_file(json_t *parameters, const char *file)
{
	char here[PATH_MAX], path[2 * PATH_MAX];

	if (file == NULL)
		return 0;
	strlcpy(path, file, sizeof(path));
	if (file[0] != '/' && getcwd(here, sizeof(here)) != NULL)
		snprintf(path, sizeof(path), "%s/%s", here, file);
	return json_object_set_new(parameters, "exe", json_string(path));
}

static int
tell_end(const struct client *client, enum client_got got,
    const struct client_message *message)
{
	const char *name = client_name(client);

	if (got == GOT_ERROR)
		return client_tell_error(client, message);
	if (got == GOT_DEADLINE)
		return tell(STATUS_TIMEOUT,
		    "%s: the supervisor is not replaced yet; the reexec goes "
		    "on (hotswap status %s tells the version)",
		    name, name);
	if (got != GOT_REPLY)
		return client_tell_silence(client, got);
	return tell(STATUS_OK, "%s: hotswap %s has taken over from %s", name,
	    field_string(message->parameters, "to"),
	    field_string(message->parameters, "from"));
}

/* Show events until the last reply, whichever supervisor sends it. */
static int
follow(struct client *client, int64_t deadline)
{
	struct client_message message;
	enum client_got got;
	int status;

	for (;;) {
		got = client_receive(client, deadline, &message);
		if (got != GOT_REPLY || !message.continues)
			break;
		tell(STATUS_OK, "%s: %s", client_name(client),
		    field_string(
			field_object(message.parameters, "event"), "message"));
		client_message_fini(&message);
	}
	status = tell_end(client, got, &message);
	client_message_fini(&message);
	return status;
}

int
cli_reexec(const struct arguments *arguments)
{
	json_t *parameters;
	struct client *client;
	int status;

	if ((client = client_open(arguments->name, &status)) == NULL)
		return status;
	parameters = json_object();
	if (put_file(parameters, arguments->exe) == -1)
		status = tell(STATUS_USAGE, "the file name \"%s\" is not UTF-8",
		    arguments->exe);
	waiting_arm();
	json_object_set_new(parameters, "id", client_id());
	client_persist(client, CLIENT_PATIENCE_MS);
	if (status != STATUS_OK)
		json_decref(parameters);
	else if (client_call(client, "Reexec", parameters, true) == -1)
		status = client_tell_silence(client, GOT_END);
	else
		status =
		    follow(client, waiting_deadline(arguments->timeout_ms));
	client_close(client);
	return status;
}
