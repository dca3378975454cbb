/* SPDX-License-Identifier: ISC */
/*
 * The prober: one process for many checks, since its start costs more than a
 * check.  It gets requests from the supervisor over a socket, SOCK_SEQPACKET,
 * and makes each check in a child of its own, which takes on the rights of the
 * check, gives up all others and reads what the peer says.  The prober itself
 * reads nothing of a peer but the child's last lines, which it passes on as
 * they are.  It ends with the supervisor, or when that closes the socket.
 *
 * A request consists of strings, each ended by a NUL:
 *
 *	check ID
 *	UID GID [GROUP ...]	whom the child becomes; empty: nobody else
 *	ARGUMENT ...		as on the command line of hotswap-probe
 *
 * and may have a directory with it, in which the child begins.  `cancel ID`
 * ends a check.  Each check is answered once: `ID STATUS OUTPUT`, STATUS as
 * wait(2) returns it, OUTPUT the end of what the child has printed.
 */
#ifndef PROBE_SERVE_H
#define PROBE_SERVE_H

/* Make one check as the command line says: its exit status. */
typedef int serve_check(int argc, char **argv);

/*
 * Serve this socket to its end.  libcurl must be set up already.  Returns the
 * exit status.
 */
int serve(int sock, serve_check *);

#endif
