/* SPDX-License-Identifier: ISC */
/*
 * The interfaces of the control socket describe themselves: the methods that
 * any Varlink service has.
 */
#ifndef CONTROL_INTERFACE_H
#define CONTROL_INTERFACE_H

#define INTERFACE_NAME "org.hotswap.Supervisor"

struct call;

void interface_info(struct call *);
void interface_describe(struct call *);

#endif
