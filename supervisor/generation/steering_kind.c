/* SPDX-License-Identifier: ISC */
/*
 * Chooses which BPF program steers the SO_REUSEPORT groups of the service.
 */
#include "generation/steering_kind.h"

#include <stdio.h>
#include <string.h>

#include "base/kernel_fault.h"
#include "base/log.h"
#include "config/options.h"
#include "core/service.h"
#include "traffic/ebpf.h"

static char reason[EBPF_WHY];

static void
warn_of_fault(void)
{
	char running[KERNEL_VERSION_TEXT], fixed[KERNEL_VERSION_TEXT];

	if (!kernel_fault_reuseport(running, fixed))
		return;
	log_warn(
	    "Linux %s may crash when a classic BPF program is replaced "
	    "under traffic, as every shift of shares does (CVE-2026-52910, "
	    "fixed in Linux %s): update the kernel, unless its distribution "
	    "has fixed it, or let hotswap use eBPF, which it does not (%s)",
	    running, fixed, reason);
}

int
steering_kind_choose(struct service *service, char *why, size_t size)
{
	service->kind = KIND_CLASSIC;
	snprintf(reason, sizeof(reason), "--steering classic");
	if (service->options->steering == STEER_BY_CLASSIC) {
		warn_of_fault();
		return 0;
	}
	if (ebpf_try(reason, sizeof(reason)) == 0) {
		service->kind = KIND_EBPF;
		reason[0] = '\0';
		return 0;
	}
	if (service->options->steering == STEER_BY_EBPF) {
		snprintf(why, size, "--steering ebpf: %s", reason);
		return -1;
	}
	warn_of_fault();
	return 0;
}

const char *
steering_kind_reason(const struct service *service)
{
	return reason;
}
