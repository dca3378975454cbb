/* SPDX-License-Identifier: ISC */
/*
 * Copies a plan.
 */
#include "traffic/plan.h"

#include <stdlib.h>
#include <string.h>

void
plan_free(struct plan *p)
{
	if (p == NULL)
		return;
	free(p->shares);
	free(p->preview);
	free(p);
}

static void *
copy(const void *array, size_t n, size_t size)
{
	void *mine = calloc(n + 1, size);

	if (mine != NULL && n > 0)
		memcpy(mine, array, n * size);
	return mine;
}

struct plan *
plan_copy(const struct steer_plan *plan)
{
	struct plan *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	p->plan = *plan;
	p->shares = copy(plan->shares, plan->nshares, sizeof(*p->shares));
	p->preview = copy(plan->preview, plan->npreview, sizeof(*p->preview));
	p->plan.shares = p->shares;
	p->plan.preview = p->preview;
	if (p->shares != NULL && p->preview != NULL)
		return p;
	plan_free(p);
	return NULL;
}
