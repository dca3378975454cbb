/* SPDX-License-Identifier: ISC */
/*
 * The messages between the supervisor and the keeper.
 *
 * The supervisor sends the messages of sd_notify(3) over a socket pair
 * (FDSTORE=1, FDSTOREREMOVE=1, FDNAME=, BARRIER=1, READY=1, STOPPING=1).  A new
 * supervisor gets all stored descriptors as LISTEN_FDS, by name.  A descriptor
 * that is stored under a taken name replaces the older one.  The keeper passes
 * the text after KEEPER_UPWARD on to the service manager, which may accept
 * messages from the main process alone.
 *
 * X_REEXEC=1 makes the descriptor KEEPER_NEXT the program of the supervisor:
 * the supervisor ends, and the keeper starts that program.  If the new program
 * does not say READY=1 in time, the keeper goes back to the old one; if it
 * does, the keeper executes the new program itself too.  The keeper sends
 * X_EXITED=PID STATUS for each child that has ended, X_KEEPER=DEV INODE for its
 * own program, and X_REEXEC_FAILED=REASON.
 */
#ifndef KEEP_CHANNEL_H
#define KEEP_CHANNEL_H

#define KEEPER_NAME_MAX 255	       /* bytes of FDNAME, sd_notify(3) */
#define KEEPER_CHANNEL	"keeper"       /* the supervisor's end of the pair */
#define KEEPER_UPWARD	"X_UPWARD=1\n" /* a text for the manager follows */
#define KEEPER_PROGRAM	"exe"	       /* the program of the supervisor */
#define KEEPER_NEXT	"exe.next"     /* the one that X_REEXEC=1 means */

#endif
