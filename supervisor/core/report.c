/* SPDX-License-Identifier: ISC */
#include "core/report.h"

#include <stdio.h>

#include "base/fd.h"
#include "core/held.h"
#include "core/service.h"

void
report_start(struct service *service, bool ready, const char *text)
{
	if (service->report_fd == -1)
		return;
	if (ready)
		dprintf(service->report_fd,
		    "ready generation %u serves, PID %d\n",
		    service->active->number,
		    program_main(service->active->program));
	else
		dprintf(service->report_fd, "failed %s\n", text);
	fd_close(&service->report_fd);
	held_remove(service, "report", 0);
}
