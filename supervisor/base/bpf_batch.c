/* SPDX-License-Identifier: ISC */
/*
 * How fast BPF programs are given back to the kernel.
 */
#include "base/bpf_batch.h"

#include <linux/membarrier.h>
#include <poll.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"

#define BATCH	 256 /* programs between two grace periods */
#define QUIET_MS 200 /* after which a grace period is over for certain */

void
bpf_batch_freed(void)
{
	static unsigned int count;
	static int64_t last_ms;
	int64_t now = clock_ms();

	if (now - last_ms > QUIET_MS)
		count = 0;
	last_ms = now;
	if (++count < BATCH)
		return;
	count = 0;
	/* Kernels with nohz_full processors refuse it. */
	if (syscall(SYS_membarrier, MEMBARRIER_CMD_GLOBAL, 0, 0) == -1)
		poll(NULL, 0, QUIET_MS);
}
