/* SPDX-License-Identifier: ISC */
/*
 * What the kernel tells of the traffic on a TCP connection: TCP_INFO in tcp(7),
 * struct tcp_info in <linux/tcp.h>, which cannot be included beside
 * <netinet/tcp.h>.
 */
#ifndef TRAFFIC_ACTIVITY_H
#define TRAFFIC_ACTIVITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Times are milliseconds ago, in ticks of the kernel's clock. */
struct activity {
	bool established;
	uint32_t sent_ms;     /* data */
	uint32_t received_ms; /* data */
	uint32_t acked_ms;    /* an acknowledgement was received */
	uint32_t in_flight;   /* segments that are not acknowledged */
	uint32_t data_in;     /* segments with data that were received */
	uint32_t bare_out;    /* segments without data that were sent */
};

/* Read a struct tcp_info of any kernel: what it lacks is 0. */
void activity_parse(const void *info, size_t len, struct activity *);

/* Ask about a socket.  -1 with errno. */
int activity_ask(int fd, struct activity *);

#endif
