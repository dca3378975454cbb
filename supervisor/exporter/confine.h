/* SPDX-License-Identifier: ISC */
/*
 * What the exporter gives up before it reads a byte from the network.
 */
#ifndef EXPORTER_CONFINE_H
#define EXPORTER_CONFINE_H

/*
 * Root becomes nobody.  The process loses its capabilities and can gain none,
 * and can start no process.  -1 with errno, if one of these fails.
 */
int confine_exporter(void);

#endif
