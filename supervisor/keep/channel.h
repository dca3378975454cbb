/* SPDX-License-Identifier: ISC */
/*
 * What supervisor and keeper say to each other.
 *
 * The supervisor speaks sd_notify(3) to it over a socket pair (FDSTORE=1,
 * FDSTOREREMOVE=1, FDNAME=, BARRIER=1, READY=1, STOPPING=1) and is given all
 * descriptors back as LISTEN_FDS, by name.  What is stored under a name that
 * is taken replaces what was there.  What follows KEEPER_UPWARD is passed on
 * to the service manager above, which may hear nobody but its main process.
 *
 * X_REEXEC=1 makes what is stored as KEEPER_NEXT the program: the supervisor
 * ends, and its successor is that.  One that does not say READY=1 in time is
 * taken back; after one that does the keeper becomes that program too.  It
 * says X_EXITED=PID STATUS of each child that has ended, X_KEEPER=DEV INODE
 * of its own program, and X_REEXEC_FAILED=REASON.
 */
#ifndef KEEP_CHANNEL_H
#define KEEP_CHANNEL_H

#define KEEPER_NAME_MAX 255	       /* bytes of FDNAME, sd_notify(3) */
#define KEEPER_CHANNEL	"keeper"       /* the name of our socket pair's end */
#define KEEPER_UPWARD	"X_UPWARD=1\n" /* then what is the manager's */
#define KEEPER_PROGRAM	"exe"	       /* of the file that is the supervisor */
#define KEEPER_NEXT	"exe.next"     /* of the one that X_REEXEC=1 means */

#endif
