/* SPDX-License-Identifier: ISC */
/*
 * Newer kernels let only processes with CAP_NET_ADMIN attach a filter to a TCP
 * socket.  Without a filter a TCP listener refuses nobody.
 */
#ifndef UNIT_FILTERS_H
#define UNIT_FILTERS_H

#include <linux/filter.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

static inline bool
can_filter(void)
{
	struct sock_filter code[] = { BPF_STMT(BPF_RET | BPF_K, UINT32_MAX) };
	const struct sock_fprog program = { .len = 1, .filter = code };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool can = setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program,
		       sizeof(program)) == 0;

	close(fd);
	return can;
}

#endif
