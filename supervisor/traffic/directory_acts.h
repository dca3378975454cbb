/* SPDX-License-Identifier: ISC */
/*
 * What a deputy does in a directory that has Unix sockets: the acts of
 * traffic/directory.h, base/deputy.h.  They run in the child with the program's
 * rights, and use names of one component.  They change sockets only, and only
 * the one that is meant.
 */
#ifndef TRAFFIC_DIRECTORY_ACTS_H
#define TRAFFIC_DIRECTORY_ACTS_H

#include <limits.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>

#include "traffic/identity.h"

/* Each function is a deputy_act: -1 with errno. */

/* Open the directory of a path, a string, with O_PATH, *new* in *fd. */
int directory_act_open(void *path, int *fd);

struct bind_job {
	int fd; /* the socket */
	char name[NAME_MAX + 1];
	char path[sizeof(((struct sockaddr_un *)NULL)->sun_path)]; /* or "" */
	mode_t umask;
	uid_t uid;
	gid_t gid;
	struct identity made; /* the file that bind(2) has made */
};

/*
 * Bind the socket, unless it is bound already: by path if path leads here.
 * With root's rights the file is given to uid and gid.
 */
int directory_act_bind(void *bind_job, int *unused);

struct place_job {
	char private[NAME_MAX + 1];
	char temporary[NAME_MAX + 1];
	char public[NAME_MAX + 1];
	struct identity identity;
};

/* Through the link `temporary`; ENOTSOCK, ESTALE as directory_place. */
int directory_act_place(void *place_job, int *unused);

struct remove_job {
	char name[NAME_MAX + 1];
	struct identity identity;
};

/* Remove the name if it is still this very socket's. */
int directory_act_remove(void *remove_job, int *unused);

/* Is the name still this very socket's?  ENOENT if not. */
int directory_act_has(void *remove_job, int *unused);

struct connect_job {
	int fd;	  /* for directory_act_connect: the socket */
	int type; /* for directory_act_claim: its type */
	char name[NAME_MAX + 1];
};

/* Connect a socket that does not block. */
int directory_act_connect(void *connect_job, int *unused);

/* 0 if nobody serves, or may serve, at this name; EADDRINUSE, ENOTSOCK. */
int directory_act_claim(void *connect_job, int *unused);

#endif
