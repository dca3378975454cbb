/* SPDX-License-Identifier: ISC */
/*
 * The epoll instances of a program, epoll(7).  An instance watches an open
 * file: when a program gets another socket in place of its own, the instance
 * does not see the other one, and the program would wait for ever.
 */
#ifndef PROCESS_POLLED_H
#define PROCESS_POLLED_H

#include <sys/types.h>

/*
 * Have each epoll instance of the process that watches socket from watch socket
 * to as well, by the same number, for the same events and with the same data.
 * from must still be open here.  A deputy does it, since an instance may
 * contain files that do not answer.  -1 with errno: ETIMEDOUT if the deputy had
 * to be killed; EPERM if the process may not be looked into.
 */
int polled_follow(pid_t, int from, int to);

#endif
