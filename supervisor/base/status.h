/* SPDX-License-Identifier: ISC */
/*
 * Exit statuses of the hotswap command, hotswap(1); the conventional ones
 * are those of sysexits(3).
 */
#ifndef BASE_STATUS_H
#define BASE_STATUS_H

enum exit_status {
	STATUS_OK = 0,
	STATUS_FAILED = 1,  /* the new image failed and the old one serves */
	STATUS_REFUSED = 2, /* under way, nothing to roll back to, taken */
	STATUS_USAGE = 64,
	STATUS_UNAVAILABLE = 69, /* no such supervisor runs */
	STATUS_SOFTWARE = 70,	 /* a fault of hotswap itself */
	STATUS_TIMEOUT = 75,	 /* the outcome is still open */
	STATUS_NOPERM = 77,
	STATUS_CONFIG = 78,
};

#endif
