/* SPDX-License-Identifier: ISC */
/*
 * From the parts of the service to the writer of the checkpoint.
 */
#include "core/state.h"

#include <errno.h>
#include <stddef.h>

#include "core/service.h"

int
state_commit(struct service *service)
{
	return service->state_ops != NULL ? service->state_ops->commit(service)
					  : 0;
}

void
state_changed(struct service *service)
{
	if (service->state_ops != NULL)
		service->state_ops->changed(service);
}

int
state_snapshot(const struct service *service)
{
	if (service->state_ops != NULL)
		return service->state_ops->snapshot(service);
	errno = ENOENT;
	return -1;
}

void
state_stop(struct service *service)
{
	service->state_ops = NULL;
}
