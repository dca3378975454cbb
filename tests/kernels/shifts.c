/* SPDX-License-Identifier: ISC */
/*
 * shifts ebpf|classic COUNT SECONDS: all new connections go from one
 * generation to the other and back, COUNT times or for so long, while clients
 * connect as fast as they can.  It is for a machine that may crash: a guest.
 * The exit status is 1 if any connection failed.
 */
#include <err.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "traffic/listener.h"

#define CLIENTS	   4
#define BACKLOG	   512
#define PATIENCE_S 60

static struct address where;
static atomic_bool stop;
static atomic_uint served, failed, received[2];

static void
ask(void)
{
	const struct linger reset = { .l_onoff = 1 };
	const struct timeval patience = { .tv_sec = PATIENCE_S };
	unsigned char answer = 0;
	int fd = socket(where.sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (connect(fd, &where.sa, where.len) == 0 &&
	    recv(fd, &answer, 1, 0) == 1) {
		atomic_fetch_add(&served, 1);
		atomic_fetch_add(&received[answer & 1], 1);
	} else if (atomic_fetch_add(&failed, 1) < 10)
		warn("a connection failed");
	close(fd);
}

static void *
run_client(void *arg)
{
	while (!atomic_load(&stop))
		ask();
	return NULL;
}

/* The client ends the connection, so that no TIME_WAIT is left. */
static void *
run_server(void *arg)
{
	const int *fd = arg;
	unsigned char answer = (unsigned char)fd[1], end;
	int client;

	while ((client = accept4(fd[0], NULL, NULL, SOCK_CLOEXEC)) != -1) {
		if (send(client, &answer, 1, MSG_NOSIGNAL) == 1)
			(void)recv(client, &end, 1, 0);
		close(client);
	}
	return NULL;
}

static void
start(void *(*run)(void *), void *arg)
{
	pthread_t thread;

	if ((errno = pthread_create(&thread, NULL, run, arg)) != 0)
		err(1, "pthread_create");
}

static void
shift(struct listener *l, unsigned int generation)
{
	const struct steer_share share = { generation, 100 };
	const struct steer_plan plan = { .shares = &share, .nshares = 1 };

	if (listener_steer(l, &plan) == -1)
		err(1, "shift");
}

static struct listener *
begin(enum steering_kind kind)
{
	static int servers[2][2];
	struct address a;
	struct listener *l;
	const char *why;
	int i;

	if (address_parse(&a, "127.0.0.1:0", &why) == -1)
		errx(1, "%s", why);
	if ((l = listener_new(NULL, &a, BACKLOG)) == NULL)
		err(1, "listener_new");
	listener_set_kind(l, kind);
	for (i = 0; i < 2; i++) {
		servers[i][0] = listener_open(l, (unsigned int)i + 1);
		servers[i][1] = i;
		if (servers[i][0] == -1)
			err(1, "listener_open");
	}
	shift(l, 1);
	if (listener_kind(l) != kind)
		errx(1, "this kind of steering cannot be had here");
	where = *listener_address(l);
	for (i = 0; i < 2; i++)
		start(run_server, servers[i]);
	for (i = 0; i < CLIENTS; i++)
		start(run_client, NULL);
	return l;
}

int
main(int argc, char **argv)
{
	const bool ebpf = argc > 1 && strcmp(argv[1], "ebpf") == 0;
	struct listener *l;
	long i, count;
	time_t end;

	if (argc != 4)
		errx(2, "usage: shifts ebpf|classic COUNT SECONDS");
	count = atol(argv[2]);
	end = time(NULL) + atol(argv[3]);
	setvbuf(stdout, NULL, _IOLBF, 0);
	l = begin(ebpf ? KIND_EBPF : KIND_CLASSIC);
	for (i = 0; i < count && time(NULL) < end; i++) {
		shift(l, 2 - (unsigned int)i % 2);
		if (i % 10000 == 9999)
			printf("# %ld shifts\n", i + 1);
		/* Some while packets are on their way, some far apart. */
		if (i % 17 == 16)
			usleep(1000);
	}
	atomic_store(&stop, true);
	printf("%ld shifts, %u connections (%u and %u), %u failed\n", i,
	    atomic_load(&served), atomic_load(&received[0]),
	    atomic_load(&received[1]), atomic_load(&failed));
	return atomic_load(&failed) > 0 || i < count;
}
