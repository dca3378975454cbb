/* SPDX-License-Identifier: ISC */
/*
 * The simulated kernel's objects: files, sockets in groups, notification
 * sockets, pidfds, and who has which of them open.
 */
#ifndef SIMULATOR_KERNEL_H
#define SIMULATOR_KERNEL_H

#include <linux/filter.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "steering_maps.h"

#define OBJECTS	      384
#define DESCRIPTORS   512
#define FILES	      48
#define FILE_ROOM     (1 << 20)
#define NAMES	      64
#define HELD	      256
#define GROUPS	      4
#define GROUP_SOCKETS 64
#define QUEUE	      32
#define CONNECTIONS   1024
#define MESSAGES      16
#define REPORTS	      64

enum kind { NOTHING, FILE_OBJECT, SOCKET, NOTIFY, PIDFD, CHANNEL, CONTROL };

struct message {
	bool ready;
	bool stopping;
	int pid;
};

struct object {
	enum kind kind;
	int refs;
	uint64_t cookie;

	/* A file. */
	int file; /* its place among the files */
	size_t size;
	bool linked;
	size_t at; /* the offset; duplicates are not told apart */

	/* A TCP socket. */
	int port;
	int bound; /* in the order of bind(2); 0: not bound */
	bool listening;
	bool reuseport, reuseaddr;
	bool hidden;		 /* bound to a device that does not exist */
	bool refuses;		 /* its filter drops every SYN */
	unsigned int generation; /* whose program has got it; 0: nobody's */
	int queue[QUEUE];
	int queued;

	/* A notification socket. */
	unsigned int notify; /* the generation */
	struct message messages[MESSAGES];
	int nmessages;

	/* A pidfd. */
	int pid;
};

/* The sockets that listen at one port, in the kernel's order. */
struct group_model {
	int port; /* 0: none */
	int sockets[GROUP_SOCKETS];
	int n;
	bool classic; /* a classic program is attached */
	int ncode;
	struct sock_filter code[BPF_MAXINSNS];
	int ebpf; /* the map's number; 0: none */
};

/* What an eBPF program's maps say. */
struct maps {
	bool used;
	int refs;
	struct ebpf_plan plan;
	int sockets[EBPF_SOCKETS]; /* object + 1 by key */
	unsigned int owners[EBPF_SOCKETS];
	uint64_t given[EBPF_COUNTERS];
};

enum course { WAITING, ACCEPTED, ANSWERED, LOST, EXCUSED, RETRYING };

struct connection {
	enum course course;
	bool used;
	bool abandoned;	       /* by its client */
	unsigned int directed; /* at this generation; 0: at nobody */
	int socket;	       /* in whose queue */
	unsigned int generation;
	int pid; /* who has accepted it */
	int tries;
};

struct name {
	char path[96];
	int object; /* -1: none */
};

struct held_item {
	char name[64];
	int object; /* -1: none */
	bool given; /* to this supervisor, at its start */
	bool used;
};

struct report {
	int pid;
	int status;
	int64_t us; /* when it arrives */
};

struct kernel {
	struct object objects[OBJECTS];
	int fds[DESCRIPTORS]; /* of the supervisor: object, or -1 */
	bool files[FILES];
	struct name names[NAMES];
	struct held_item held[HELD];
	struct report reports[REPORTS]; /* of the keeper to the supervisor */
	int nreports;
	struct group_model groups[GROUPS];
	struct maps maps[8];
	struct connection connections[CONNECTIONS];
	int nconnections;
	uint64_t last_cookie;
	int last_bound;
	int64_t writes;
	bool stopping; /* the supervisor has told the keeper so */
};

/* Bytes of the files; outside the world, so that a run need not clear them. */
extern char (*file_bytes)[FILE_ROOM];

void kernel_begin(void);

/* OBJECTS: object_new returns one with one reference; *ref adds one. */
int object_new(enum kind);
void object_ref(int object);
void object_unref(int object);
struct object *object_at(int object);

/* DESCRIPTORS of the supervisor. */
int fd_new(int object); /* takes the reference; -1 with EMFILE */
int fd_object(int fd);	/* -1 with EBADF */
struct object *fd_at(int fd, enum kind);
bool fd_is_readable(int fd);
void fds_close_all(void);
int fds_count(void);

/* FILES by path. */
int name_find(const char *path);

/* The keeper holds a duplicate (holder.c).  -1 with EBADF. */
int holder_put(const char *name, int fd);

/* SOCKETS (net.c). */
void socket_end(int object);
void socket_leave(int object);
struct group_model *group_of(int port);
/*
 * A client connects from this address and port.  Returns the socket's object in
 * whose queue it is; -1 if it was refused, -2 if its SYN was dropped.
 */
int net_connect(int port, uint32_t source, unsigned int source_port,
    unsigned int dice, int connection);
/* The object that would get it; -1: nobody. */
int net_choose(struct group_model *, uint32_t source, unsigned int source_port,
    unsigned int dice);
int connection_new(unsigned int directed);
void connection_reset(int connection);
/* The client has closed it, or it has an end: its number is free. */
void connection_close(int connection);
void connection_end(int connection, enum course);
void net_changed(void);

/* maps.c */
int maps_choose(struct group_model *, uint32_t source, unsigned int dice);
void maps_forget_socket(int object);
void maps_unref(int number);

#endif
