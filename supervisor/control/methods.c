/* SPDX-License-Identifier: ISC */
/*
 * The methods of the control socket, one row for each.  What a call asks for is
 * done by other modules.
 */
#include "control/methods.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/strings.h"
#include "control/call.h"
#include "control/interface.h"
#include "rollout/ending.h"
#include "core/events.h"
#include "core/held.h"
#include "config/options.h"
#include "rollout/outcome.h"
#include "control/parameters.h"
#include "control/permit.h"
#include "control/reexec.h"
#include "rollout/request.h"
#include "rollout/summary.h"
#include "core/service.h"
#include "control/status.h"
#include "control/waiting.h"

/* ROLLOUTS */

/* Is the rollout with this id under way? */
static bool
is_under_way(const struct service *service, const char *id)
{
	return service->release.untold && strcmp(service->release.id, id) == 0;
}

/* A rollout of this call must not begin a second time. */
static bool
is_forgotten(const struct service *service, const char *id)
{
	return !service->release.untold && strcmp(service->release.id, id) == 0;
}

/* Answer a call that was made before, to us or to our predecessor. */
static bool
is_known(struct call *call, const char *id, bool wait)
{
	struct service *service = call_service(call);
	json_t *outcome;

	if (is_under_way(service, id)) {
		if (!wait)
			call_reply(call, NULL, false);
		else if (wait_for_outcome(call) == -1)
			call_fail(call, "Failed", strerror(errno));
		return true;
	}
	outcome = outcome_find(service, id);
	if (outcome == NULL && !is_forgotten(service, id))
		return false;
	/* The answer frees the call's parameters, and with them the id. */
	if (outcome == NULL)
		call_fail(call, "Forgotten", CALL_FORGOTTEN);
	else
		call_reply(call,
		    wait ? json_pack("{sO}", "outcome", outcome) : NULL, false);
	json_decref(outcome);
	return true;
}

static void
begin(struct call *call, struct request *request)
{
	struct service *service = call_service(call);
	char why[RELEASE_WHY];
	const char *key;
	bool wait = true;

	request->by = call_asker(call);
	if (!parameter_bool(call, "wait", &wait) ||
	    !parameter_id(call, &request->id) ||
	    (request->id != NULL && is_known(call, request->id, wait)))
		return;
	if (wait && wait_for_outcome(call) == -1) {
		call_fail(call, "Failed", strerror(errno));
		return;
	}
	switch (request_begin(service, request, &key, why, sizeof(why))) {
	case REQUEST_BEGUN:
		if (!wait)
			call_reply(call, NULL, false);
		break;
	case REQUEST_REFUSED:
		call_fail(call, "Refused", why);
		break;
	case REQUEST_BAD_OPTION:
		call_error(call, "InvalidOption",
		    json_pack("{ss ss}", "key", key, "message", why));
		break;
	}
}

static void
find(struct call *call)
{
	const struct service *service = call_service(call);
	const char *id, *state = "unknown";
	json_t *outcome = NULL;

	if (!parameter_id(call, &id))
		return;
	if (id == NULL) {
		parameter_refuse(call, "id");
		return;
	}
	if (is_under_way(service, id))
		state = "running";
	else if ((outcome = outcome_find(service, id)) != NULL)
		state = "ended";
	call_reply(call,
	    json_pack("{ss so*}", "state", state, "outcome", outcome), false);
}

static void
upgrade(struct call *call)
{
	struct request request = { .kind = RELEASE_UPGRADE };
	char **program;

	if (!permit_upgrade(call))
		return;
	request.options = json_object_get(call_parameters(call), "options");
	if (json_is_null(request.options))
		request.options = NULL;
	if (request.options != NULL && !json_is_object(request.options)) {
		parameter_refuse(call, "options");
		return;
	}
	if (!parameter_string(call, "exe", &request.exe) ||
	    !parameter_string(call, "directory", &request.directory) ||
	    !parameter_strings(call, "arguments", &program))
		return;
	request.program = program;
	begin(call, &request);
	strings_free(program);
}

static void
rollback(struct call *call)
{
	struct request request = { .kind = RELEASE_ROLLBACK };

	if (parameter_number(call, "to", &request.to))
		begin(call, &request);
}

static void
restart(struct call *call)
{
	struct request request = { .kind = RELEASE_RESTART };

	begin(call, &request);
}

/* End a rollout.  The outcome comes before end returns, and ends the call. */
static void
end_rollout(struct call *call, const char *what,
    int (*end)(struct service *, char *why, size_t size))
{
	struct service *service = call_service(call);
	const struct asker by = call_asker(call);
	char why[RELEASE_WHY];

	if (wait_for_outcome(call) == -1) {
		call_fail(call, "Failed", strerror(errno));
		return;
	}
	chronicle_ask(&service->release.chronicle, what, &by);
	if (end(service, why, sizeof(why)) == 0)
		return;
	chronicle_unask(&service->release.chronicle);
	call_fail(call, "Refused", why);
}

static void
promote(struct call *call)
{
	end_rollout(call, "promote", request_promote);
}

static void
abort_rollout(struct call *call)
{
	end_rollout(call, "abort", request_abort);
}

static void
split(struct call *call)
{
	struct service *service = call_service(call);
	const struct asker by = call_asker(call);
	char why[RELEASE_WHY], what[32];
	unsigned int percent = UINT_MAX;

	if (!parameter_number(call, "percent", &percent))
		return;
	if (percent > 100) {
		parameter_refuse(call, "percent");
		return;
	}
	snprintf(what, sizeof(what), "split %u", percent);
	chronicle_ask(&service->release.chronicle, what, &by);
	if (request_split(service, percent, why, sizeof(why)) == 0) {
		call_reply(call, NULL, false);
		return;
	}
	chronicle_unask(&service->release.chronicle);
	call_fail(call, "Refused", why);
}

/* TELLING */

static void
status(struct call *call)
{
	call_reply(call,
	    json_pack("{so}", "status", status_json(call_service(call))),
	    false);
}

static void
history(struct call *call)
{
	json_t *entries = journal_entries(call_service(call)->journal);

	call_reply(call, json_pack("{so}", "outcomes", entries), false);
}

/* The summary of one rollout; its page is made by `hotswap report`. */
static void
report(struct call *call)
{
	struct service *service = call_service(call);
	const char *which;
	json_t *summary;

	if (!parameter_string(call, "rollout", &which))
		return;
	if ((summary = summary_find(service, outcome_so_far(service), which)) !=
	    NULL)
		call_reply(call, json_pack("{so}", "summary", summary), false);
	else
		call_fail(call, "Refused",
		    which == NULL
			? "there was no rollout yet"
			: "no such rollout is known (hotswap history shows "
			  "those that are)");
}

/* Recent events in one reply; with `more` one by one, then later events. */
static void
events(struct call *call)
{
	json_t *list, *event;
	unsigned int after = 0;
	size_t i;

	if (!parameter_number(call, "after", &after))
		return;
	list = events_recent(call_service(call)->events, after);
	if (!call_wants_more(call)) {
		call_reply(call, json_pack("{so}", "events", list), false);
		return;
	}
	json_array_foreach (list, i, event)
		call_reply(call, json_pack("{sO}", "event", event), true);
	json_decref(list);
	if (wait_for_events(call) == -1)
		call_fail(call, "Failed", strerror(errno));
}

/* ACTING */

static void
wait_method(struct call *call)
{
	enum wait_condition condition;
	const char *name;

	if (!parameter_string(call, "for", &name))
		return;
	if (name == NULL || wait_find(name, &condition) == -1)
		parameter_refuse(call, "for");
	else if (wait_for_condition(call, condition) == -1)
		call_fail(call, "Failed", strerror(errno));
}

static void
send_signal(struct call *call)
{
	struct service *service = call_service(call);
	const char *name;
	int number;

	if (!parameter_string(call, "signal", &name))
		return;
	if (name == NULL || (number = options_signal(name)) == -1)
		parameter_refuse(call, "signal");
	else if (!permit_signal(call, number))
		return;
	else if (service->active == NULL || service->active->program == NULL)
		call_fail(call, "Refused", "no generation serves");
	else if (program_signal(service->active->program, number) == -1)
		call_fail(call, "Failed", strerror(errno));
	else
		call_reply(call, NULL, false);
}

/* The reply comes when nothing is left to stop. */
static void
stop(struct call *call)
{
	struct service *service = call_service(call);
	bool now = false;

	if (!permit_owner(call, "stop the service") ||
	    !parameter_bool(call, "now", &now))
		return;
	if (wait_for_condition(call, WAIT_STOPPED) == -1)
		call_fail(call, "Failed", strerror(errno));
	ending_begin(service, 0, now);
}

/* The reply comes from the supervisor that runs at the end. */
static void
reexec(struct call *call)
{
	struct service *service = call_service(call);
	const char *exe, *id;
	char why[RELEASE_WHY];

	if (!permit_owner(call, "replace hotswap itself") ||
	    !parameter_string(call, "exe", &exe) || !parameter_id(call, &id))
		return;
	if (exe != NULL && exe[0] != '/')
		parameter_refuse(call, "exe");
	else if (id != NULL && reexec_is(service, id) &&
	    !reexec_is_under_way(service))
		reexec_answer(service, call);
	else if (wait_for_reexec(call) == -1)
		call_fail(call, "Failed", strerror(errno));
	else if ((id == NULL || !reexec_is(service, id)) &&
	    reexec_begin(
		service, exe, id != NULL ? id : "", why, sizeof(why)) == -1)
		call_fail(call, "Refused", why);
}

static void
take_over(struct call *call)
{
	if (!permit_owner(call, "take over from this supervisor"))
		return;
	if (held_admit(call_service(call), call_pid(call)) == -1)
		call_fail(call, "Refused",
		    "this supervisor has a keeper, or systemd, which holds its "
		    "descriptors: nobody else can take over from it");
	else
		call_reply(call, NULL, false);
}

static const struct {
	const char *name;
	void (*function)(struct call *);
} methods[] = {
	{ INTERFACE_NAME ".Status", status },
	{ INTERFACE_NAME ".Upgrade", upgrade },
	{ INTERFACE_NAME ".Rollback", rollback },
	{ INTERFACE_NAME ".Restart", restart },
	{ INTERFACE_NAME ".Find", find },
	{ INTERFACE_NAME ".Promote", promote },
	{ INTERFACE_NAME ".Abort", abort_rollout },
	{ INTERFACE_NAME ".Split", split },
	{ INTERFACE_NAME ".Wait", wait_method },
	{ INTERFACE_NAME ".History", history },
	{ INTERFACE_NAME ".Report", report },
	{ INTERFACE_NAME ".Events", events },
	{ INTERFACE_NAME ".Signal", send_signal },
	{ INTERFACE_NAME ".Stop", stop },
	{ INTERFACE_NAME ".Reexec", reexec },
	{ INTERFACE_NAME ".TakeOver", take_over },
	{ "org.varlink.service.GetInfo", interface_info },
	{ "org.varlink.service.GetInterfaceDescription", interface_describe },
};

void
methods_call(struct call *call, const char *method)
{
	size_t i;

	for (i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		if (strcmp(method, methods[i].name) == 0) {
			methods[i].function(call);
			return;
		}
	}
	call_error(call, "org.varlink.service.MethodNotFound",
	    json_pack("{ss}", "method", method));
}
