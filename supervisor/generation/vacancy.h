/* SPDX-License-Identifier: ISC */
/*
 * Sockets that a program has closed and that the supervisor still holds must
 * not be in the way of what the program binds next.
 */
#ifndef GENERATION_VACANCY_H
#define GENERATION_VACANCY_H

struct generation;
struct holdings;
struct intercept_call;
struct target;

/*
 * Close those of the generation's sockets that no process of it has open and
 * that would keep the call's address from it, as [::]:80 does 127.0.0.1:80.
 */
void vacancy_make(struct generation *, struct holdings *, const struct target *,
    const struct intercept_call *);

#endif
