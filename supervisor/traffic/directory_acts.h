/* SPDX-License-Identifier: ISC */
/*
 * What a deputy does in a directory that has Unix sockets: the acts of
 * traffic/directory.h, base/deputy.h.  They run in the child, with the
 * program's rights, and work in the directory by names of one component; what
 * they change is a socket, and the one that is meant.
 */
#ifndef TRAFFIC_DIRECTORY_ACTS_H
#define TRAFFIC_DIRECTORY_ACTS_H

#include <limits.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>

#include "traffic/identity.h"

/* Each is a deputy_act: -1 with errno. */

/* The directory of this path, a string, *new* in *fd as O_PATH opens it. */
int directory_act_open(void *path, int *fd);

struct bind_job {
	int fd; /* the socket */
	char name[NAME_MAX + 1];
	char path[sizeof(((struct sockaddr_un *)NULL)->sun_path)]; /* or "" */
	mode_t umask;
	uid_t uid;
	gid_t gid;
	struct identity made; /* the file that it has made */
};

/*
 * Bind the socket, unless it is so already: by path where that leads here.
 * The file is given to uid and gid where our rights are root's.
 */
int directory_act_bind(void *bind_job, int *unused);

struct place_job {
	char private[NAME_MAX + 1];
	char temporary[NAME_MAX + 1];
	char public[NAME_MAX + 1];
	struct identity identity;
};

/* By a link `temporary`; ENOTSOCK, ESTALE as directory_place says. */
int directory_act_place(void *place_job, int *unused);

struct remove_job {
	char name[NAME_MAX + 1];
	struct identity identity;
};

/* Remove the name, if it still is this very socket's. */
int directory_act_remove(void *remove_job, int *unused);

/* Is the name still this very socket's?  ENOENT if not. */
int directory_act_has(void *remove_job, int *unused);

struct connect_job {
	int fd;	  /* for directory_act_connect: the socket */
	int type; /* for directory_act_claim: of the socket to try with */
	char name[NAME_MAX + 1];
};

/* Connect a socket that does not block. */
int directory_act_connect(void *connect_job, int *unused);

/* 0 if no socket has the name that is, or may be, served; EADDRINUSE. */
int directory_act_claim(void *connect_job, int *unused);

#endif
