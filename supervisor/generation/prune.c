/* SPDX-License-Identifier: ISC */
/*
 * Forgetting the oldest generations that have ended, and the copies of images
 * that no generation needs any more.
 */
#include "generation/prune.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/events.h"
#include "core/service.h"
#include "generation/closing.h"
#include "process/image.h"

/* The oldest ended generation of a role, if more than retain have it. */
static struct generation *
oldest_surplus(struct service *service, enum role role)
{
	struct generation *generation, *oldest = NULL;
	unsigned int n = 0;

	TAILQ_FOREACH (generation, &service->generations, entry) {
		if (generation->role != role || generation->program != NULL ||
		    generation == service->release.old ||
		    generation == service->release.candidate)
			continue;
		if (oldest == NULL)
			oldest = generation;
		n++;
	}
	return n > service->options->retain ? oldest : NULL;
}

static void
tidied(struct image *none, const char *why, void *arg)
{
	struct service *service = arg;

	service->tidy = NULL;
	if (why != NULL)
		events_emit(service, "warning", NULL,
		    "warning: of --image-path: %s", why);
	/* The folders may have become others meanwhile. */
	prune_generations(service);
}

void
prune_stop(struct service *service)
{
	if (service->tidy != NULL)
		image_cancel(service->tidy);
	service->tidy = NULL;
}

/* A number that tells one set of kept folders from another. */
static unsigned int
count_folders(struct image *const *images, size_t n)
{
	unsigned int sum = 0;
	const char *c;
	size_t i;

	for (i = 0; i < n; i++)
		for (c = images[i]->folder.kept; c != NULL && *c != '\0'; c++)
			sum = sum * 31 + (unsigned char)*c;
	return sum;
}

/* Only if the folders are others than before; it takes a process. */
static void
prune_folders(struct service *service, struct image *const *images, size_t n)
{
	unsigned int sum = count_folders(images, n);
	char store[PATH_MAX + 16];

	if (service->tidy != NULL || sum == service->tidied)
		return;
	snprintf(store, sizeof(store), "%s/folders", service->state);
	service->tidy =
	    image_tidy(service->base, store, images, n, tidied, service);
	if (service->tidy != NULL)
		service->tidied = sum;
}

/* Keep the images of all generations, and of a rollout without a candidate. */
static void
prune_images(struct service *service)
{
	struct generation *generation;
	char store[PATH_MAX + 8];
	struct image **images;
	size_t n = 1;

	TAILQ_FOREACH (generation, &service->generations, entry)
		n++;
	if ((images = calloc(n, sizeof(struct image *))) == NULL)
		return;
	n = 0;
	TAILQ_FOREACH (generation, &service->generations, entry)
		images[n++] = generation->image;
	if (service->release.image != NULL)
		images[n++] = service->release.image;
	snprintf(store, sizeof(store), "%s/images", service->state);
	image_prune(store, images, n);
	prune_folders(service, images, n);
	free(images);
}

void
prune_generations(struct service *service)
{
	struct generation *generation;

	/* The copy that is being made may be in the store already. */
	if (service->release.job != NULL)
		return;
	while ((generation = oldest_surplus(service, ROLE_RETIRED)) != NULL ||
	    (generation = oldest_surplus(service, ROLE_FAILED)) != NULL)
		generation_free(generation);
	prune_images(service);
}

void
prune_resume(struct service *service)
{
	if (oldest_surplus(service, ROLE_RETIRED) != NULL ||
	    oldest_surplus(service, ROLE_FAILED) != NULL)
		prune_generations(service);
}
