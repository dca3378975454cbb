/* SPDX-License-Identifier: ISC */
/*
 * Exit statuses of the hotswap command, hotswap(1); those from 64 on are from
 * sysexits(3).
 */
#ifndef BASE_STATUS_H
#define BASE_STATUS_H

enum exit_status {
	STATUS_OK = 0,
	STATUS_FAILED = 1, /* the new image failed; the old one serves */
	STATUS_REFUSED =
	    2, /* rollout under way, nothing to roll back to, name taken */
	STATUS_USAGE = 64,
	STATUS_UNAVAILABLE = 69, /* no such supervisor runs */
	STATUS_SOFTWARE = 70,	 /* a fault of hotswap itself */
	STATUS_TIMEOUT = 75,	 /* the outcome is not known yet */
	STATUS_NOPERM = 77,
	STATUS_CONFIG = 78,
};

#endif
