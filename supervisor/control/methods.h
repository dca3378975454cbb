/* SPDX-License-Identifier: ISC */
/*
 * What can be called on the control socket.
 */
#ifndef CONTROL_METHODS_H
#define CONTROL_METHODS_H

struct call;

/* Carry out a call of a method by its whole name. */
void methods_call(struct call *, const char *method);

#endif
