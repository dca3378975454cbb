/* SPDX-License-Identifier: ISC */
/*
 * The interfaces of the control socket describe themselves.
 */
#include "control/interface.h"

#include <string.h>

#include "base/version.h"
#include "control/call.h"
#include "control/parameters.h"

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
	{ INTERFACE_NAME, interface_text },
};

void
interface_info(struct call *call)
{
	call_reply(call,
	    json_pack("{ss ss ss ss s[ss]}", "vendor", "hotswap", "product",
		"hotswap", "version", version_text, "url", "", "interfaces",
		interfaces[0].name, interfaces[1].name),
	    false);
}

void
interface_describe(struct call *call)
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
