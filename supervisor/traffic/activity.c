/* SPDX-License-Identifier: ISC */
/*
 * Reading struct tcp_info.
 */
#include "traffic/activity.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/param.h>
#include <sys/socket.h>

#define ESTABLISHED 1 /* TCP_ESTABLISHED of <netinet/tcp.h> */

void
activity_parse(const void *info, size_t len, struct activity *activity)
{
	struct tcp_info told = { 0 };

	memcpy(&told, info, MIN(len, sizeof(told)));
	*activity = (struct activity){
		.established = told.tcpi_state == ESTABLISHED,
		.sent_ms = told.tcpi_last_data_sent,
		.received_ms = told.tcpi_last_data_recv,
		.acked_ms = told.tcpi_last_ack_recv,
		.in_flight = told.tcpi_unacked,
		.data_in = told.tcpi_data_segs_in,
		.bare_out = told.tcpi_segs_out - told.tcpi_data_segs_out,
	};
}

int
activity_ask(int fd, struct activity *activity)
{
	struct tcp_info told = { 0 };
	socklen_t len = sizeof(told);

	if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &told, &len) == -1)
		return -1;
	activity_parse(&told, len, activity);
	return 0;
}
