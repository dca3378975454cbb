/* SPDX-License-Identifier: ISC */
/*
 * The methods of the control socket, one row for each.  What a call asks for is
 * done by other modules.
 */
#include "control/methods.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/strings.h"
#include "base/version.h"
#include "control/call.h"
#include "rollout/ending.h"
#include "core/events.h"
#include "core/held.h"
#include "config/options.h"
#include "rollout/outcome.h"
#include "control/parameters.h"
#include "control/permit.h"
#include "control/reexec.h"
#include "rollout/request.h"
#include "core/service.h"
#include "control/status.h"
#include "control/waiting.h"

#define INTERFACE "org.hotswap.Supervisor"

static const char interface_text[] =
#include "interface.inc"
    ;

/* The part of org.varlink.service that is the same for any service. */
static const char service_text[] =
    "# The Varlink Service Interface is provided by every varlink service.\n"
    "interface org.varlink.service\n\n"
    "method GetInfo() -> (vendor: string, product: string, "
    "version: string, url: string, interfaces: []string)\n\n"
    "method GetInterfaceDescription(interface: string) -> "
    "(description: string)\n\n"
    "error InterfaceNotFound (interface: string)\n"
    "error MethodNotFound (method: string)\n"
    "error MethodNotImplemented (method: string)\n"
    "error InvalidParameter (parameter: string)\n"
    "error PermissionDenied ()\n"
    "error ExpectedMore ()\n";

static const struct {
	const char *name, *text;
} interfaces[] = {
	{ "org.varlink.service", service_text },
	{ INTERFACE, interface_text },
};

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
	if ((outcome = outcome_find(service, id)) == NULL) {
		if (is_forgotten(service, id))
			call_fail(call, "Forgotten", CALL_FORGOTTEN);
		return is_forgotten(service, id);
	}
	call_reply(
	    call, wait ? json_pack("{sO}", "outcome", outcome) : NULL, false);
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
end_rollout(
    struct call *call, int (*end)(struct service *, char *why, size_t size))
{
	char why[RELEASE_WHY];

	if (wait_for_outcome(call) == -1)
		call_fail(call, "Failed", strerror(errno));
	else if (end(call_service(call), why, sizeof(why)) == -1)
		call_fail(call, "Refused", why);
}

static void
promote(struct call *call)
{
	end_rollout(call, request_promote);
}

static void
abort_rollout(struct call *call)
{
	end_rollout(call, request_abort);
}

static void
split(struct call *call)
{
	char why[RELEASE_WHY];
	unsigned int percent = UINT_MAX;

	if (!parameter_number(call, "percent", &percent))
		return;
	if (percent > 100)
		parameter_refuse(call, "percent");
	else if (request_split(call_service(call), percent, why, sizeof(why)) ==
	    -1)
		call_fail(call, "Refused", why);
	else
		call_reply(call, NULL, false);
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

/* INTROSPECTION */

static void
get_info(struct call *call)
{
	call_reply(call,
	    json_pack("{ss ss ss ss s[ss]}", "vendor", "hotswap", "product",
		"hotswap", "version", version_text, "url", "", "interfaces",
		interfaces[0].name, interfaces[1].name),
	    false);
}

static void
get_interface(struct call *call)
{
	const char *name;
	size_t i;

	if (!parameter_string(call, "interface", &name))
		return;
	for (i = 0; i < sizeof(interfaces) / sizeof(interfaces[0]); i++) {
		if (name != NULL && strcmp(name, interfaces[i].name) == 0) {
			call_reply(call,
			    json_pack(
				"{ss}", "description", interfaces[i].text),
			    false);
			return;
		}
	}
	call_error(call, "org.varlink.service.InterfaceNotFound",
	    json_pack("{ss}", "interface", name != NULL ? name : ""));
}

static const struct {
	const char *name;
	void (*function)(struct call *);
} methods[] = {
	{ INTERFACE ".Status", status },
	{ INTERFACE ".Upgrade", upgrade },
	{ INTERFACE ".Rollback", rollback },
	{ INTERFACE ".Restart", restart },
	{ INTERFACE ".Find", find },
	{ INTERFACE ".Promote", promote },
	{ INTERFACE ".Abort", abort_rollout },
	{ INTERFACE ".Split", split },
	{ INTERFACE ".Wait", wait_method },
	{ INTERFACE ".History", history },
	{ INTERFACE ".Events", events },
	{ INTERFACE ".Signal", send_signal },
	{ INTERFACE ".Stop", stop },
	{ INTERFACE ".Reexec", reexec },
	{ INTERFACE ".TakeOver", take_over },
	{ "org.varlink.service.GetInfo", get_info },
	{ "org.varlink.service.GetInterfaceDescription", get_interface },
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
