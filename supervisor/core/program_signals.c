/* SPDX-License-Identifier: ISC */
#include "core/program_signals.h"

#include "core/generation.h"
#include "core/service.h"

struct image_signals
program_signals(const struct generation *generation)
{
	const struct options *options = generation->service->options;

	if (generation->image->signals.stop != 0)
		return generation->image->signals;
	return (struct image_signals){ .stop = options->stop_signal,
		.park = options->park_signal,
		.unpark = options->unpark_signal,
		.stop_timeout_ms = options->stop_timeout_ms };
}
