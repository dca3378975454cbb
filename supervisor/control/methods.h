/* SPDX-License-Identifier: ISC */
/*
 * The methods of the control socket.
 */
#ifndef CONTROL_METHODS_H
#define CONTROL_METHODS_H

struct call;

/* Carry out the call of a method by its whole name. */
void methods_call(struct call *, const char *method);

#endif
