/* SPDX-License-Identifier: ISC */
/*
 * Asking a service for its status without telling anybody of a failure.
 */
#include "cli/survey.h"

#include <errno.h>

#include "cli/client.h"
#include "cli/waiting.h"

json_t *
survey_one(const char *name, int64_t ms)
{
	struct client *client = client_connect(name);
	struct client_message message = { 0 };
	json_t *status = NULL;

	if (client == NULL && (errno == ENOENT || errno == ECONNREFUSED))
		return NULL;
	if (client != NULL && client_call(client, "Status", NULL, false) == 0 &&
	    client_receive(client, waiting_deadline(ms), &message) == GOT_REPLY)
		status =
		    json_incref(json_object_get(message.parameters, "status"));
	client_message_fini(&message);
	client_close(client);
	if (status == NULL)
		status = json_pack("{ss}", "name", name);
	return status;
}
