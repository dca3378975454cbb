/* SPDX-License-Identifier: ISC */
/*
 * How fast BPF programs are given back to the kernel.  The kernel frees a
 * program after a grace period of RCU, one work item for each.  If more than
 * 1,024 are freed at once while another program is loaded, all loading of BPF
 * programs on the host can hang for good (seen on Linux 6.18: each item waits
 * for a mutex whose holder waits for the work queue).
 */
#ifndef BASE_BPF_BATCH_H
#define BASE_BPF_BATCH_H

/*
 * Call it after each act that makes the kernel free a program: a program or a
 * filter is replaced or detached, or the last socket that had it is closed.
 * After many such calls in a short time it waits for a grace period,
 * membarrier(2): some 20 ms.
 */
void bpf_batch_freed(void);

#endif
