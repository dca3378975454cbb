/* SPDX-License-Identifier: ISC */
/*
 * Counting connections: real sockets of this process and of children.
 */
#include <errno.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/credentials.h"
#include "base/fd.h"
#include "traffic/diag.h"
#include "traffic/drain.h"

#define DEADLINE_MS 5000
#define MANY	    10000
#define NOBODY	    65534

static const char *
directory(void)
{
	static char dir[64];

	if (dir[0] == '\0') {
		strlcpy(dir, "/tmp/drain_test.XXXXXX", sizeof(dir));
		assert_non_null(mkdtemp(dir));
	}
	return dir;
}

/* Listen; for a text that ends in :0 address gets the kernel's port. */
static int
listen_at(struct address *address, const char *text)
{
	struct sockaddr_storage sa;
	socklen_t len = sizeof(sa);
	const char *why;
	int fd, zero = 0;

	assert_int_equal(address_parse(address, text, &why), 0);
	fd = socket(address->sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_not_equal(fd, -1);
	if (address->sa.sa_family == AF_INET6)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof(zero));
	assert_int_equal(bind(fd, &address->sa, address->len), 0);
	assert_int_equal(listen(fd, 4096), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&sa, &len), 0);
	assert_int_equal(
	    address_set(address, SOCK_STREAM, (struct sockaddr *)&sa, len), 0);
	return fd;
}

static int
connect_to(const struct address *listening)
{
	struct address to;
	int fd;

	address_reach(listening, &to);
	fd = socket(to.sa.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_not_equal(fd, -1);
	assert_int_equal(connect(fd, &to.sa, to.len), 0);
	return fd;
}

static int
accept_from(int listening)
{
	int fd = accept4(listening, NULL, NULL, SOCK_CLOEXEC);

	assert_int_not_equal(fd, -1);
	return fd;
}

static int
count(pid_t pid, const struct address *addresses, size_t n)
{
	struct drain_set *set = drain_set_new(&pid, 1);
	int found;

	assert_non_null(set);
	found = drain_count(set, addresses, n, NULL);
	drain_set_free(set);
	return found;
}

static void
test_counts_what_is_open(void **state)
{
	int listening, client, server, waiting;
	struct address address;

	listening = listen_at(&address, "127.0.0.1:0");
	assert_int_equal(count(getpid(), &address, 1), 0);
	client = connect_to(&address);
	server = accept_from(listening);
	waiting = connect_to(&address);
	assert_int_equal(count(getpid(), &address, 1), 1);
	close(client);
	assert_int_equal(count(getpid(), &address, 1), 1);
	close(server);
	assert_int_equal(count(getpid(), &address, 1), 0);
	server = accept_from(listening);
	assert_int_equal(count(getpid(), &address, 1), 1);
	shutdown(server, SHUT_WR);
	assert_int_equal(count(getpid(), &address, 1), 1);
	close(waiting);
	close(server);
	close(listening);
	assert_int_equal(count(getpid(), &address, 1), 0);
}

static void
test_several_addresses(void **state)
{
	static const char *const texts[] = { "127.0.0.1:0", "0.0.0.0:0",
		"[::1]:0", "[::]:0", "127.0.0.1:0" };
	enum { N = sizeof(texts) / sizeof(texts[0]) };
	int listening[N], client[N], server[N];
	struct address addresses[N];
	size_t i, j;

	for (i = 0; i < N; i++) {
		listening[i] = listen_at(&addresses[i], texts[i]);
		client[i] = connect_to(&addresses[i]);
		server[i] = accept_from(listening[i]);
	}
	for (i = 0; i < N; i++) {
		for (j = i; j < N; j++)
			assert_int_equal(
			    count(getpid(), &addresses[i], j - i + 1),
			    j - i + 1);
	}
	assert_int_equal(count(getpid(), addresses, 0), 0);
	for (i = 0; i < N; i++) {
		close(listening[i]);
		close(client[i]);
		close(server[i]);
	}
}

/* An IPv4 client of a dual-stack socket; another port; datagrams. */
static void
test_dual_stack(void **state)
{
	int listening, client, server;
	struct address both, four;
	const char *why;
	char text[64];

	listening = listen_at(&both, "[::]:0");
	snprintf(text, sizeof(text), "127.0.0.1:%u", address_port(&both));
	assert_int_equal(address_parse(&four, text, &why), 0);
	client = connect_to(&four);
	server = accept_from(listening);
	assert_int_equal(count(getpid(), &both, 1), 1);
	both.type = SOCK_DGRAM;
	assert_int_equal(count(getpid(), &both, 1), 0);
	close(client);
	close(server);
	close(listening);
}

/* A connection counts at its own address and port, and at no other. */
static void
test_other_addresses(void **state)
{
	struct address address, other;
	int listening, client, server;
	const char *why;
	char text[64];

	listening = listen_at(&address, "127.0.0.1:0");
	client = connect_to(&address);
	server = accept_from(listening);
	snprintf(text, sizeof(text), "127.0.0.2:%u", address_port(&address));
	assert_int_equal(address_parse(&other, text, &why), 0);
	assert_int_equal(count(getpid(), &other, 1), 0);
	snprintf(text, sizeof(text), "0.0.0.0:%u", address_port(&address));
	assert_int_equal(address_parse(&other, text, &why), 0);
	assert_int_equal(count(getpid(), &other, 1), 1);
	snprintf(text, sizeof(text), "0.0.0.0:%u", address_port(&address) ^ 1);
	assert_int_equal(address_parse(&other, text, &why), 0);
	assert_int_equal(count(getpid(), &other, 1), 0);
	close(client);
	close(server);
	close(listening);
}

static void
unlink_path(const struct address *address)
{
	const struct sockaddr_un *un = (const void *)&address->storage;

	assert_int_equal(unlink(un->sun_path), 0);
}

static void
test_unix(void **state)
{
	struct address public, private, other, abstract;
	int listening, hidden, client[2], server[2], handshakes;
	char text[128];

	snprintf(text, sizeof(text), "%s/x.sock", directory());
	listening = listen_at(&public, text);
	snprintf(text, sizeof(text), "%s/x.sock.hotswap-3", directory());
	hidden = listen_at(&private, text);
	snprintf(text, sizeof(text), "%s/x.soc", directory());
	close(listen_at(&other, text));
	assert_int_equal(count(getpid(), &public, 1), 0);
	client[0] = connect_to(&public);
	server[0] = accept_from(listening);
	client[1] = connect_to(&private);
	assert_int_equal(count(getpid(), &public, 1), 1);
	server[1] = accept_from(hidden);
	assert_int_equal(count(getpid(), &public, 1), 2);
	assert_int_equal(drain_count(NULL, &public, 1, &handshakes), 2);
	assert_int_equal(handshakes, 0); /* connect(2) needs none there */
	assert_int_equal(count(getpid(), &private, 1), 1);
	assert_int_equal(count(getpid(), &other, 1), 0);
	close(client[0]);
	assert_int_equal(count(getpid(), &public, 1), 2);
	close(server[0]);
	assert_int_equal(count(getpid(), &public, 1), 1);
	close(client[1]);
	close(server[1]);
	close(listening);
	close(hidden);
	unlink_path(&public);
	unlink_path(&private);
	unlink_path(&other);

	snprintf(text, sizeof(text), "@drain_test.%d", getpid());
	listening = listen_at(&abstract, text);
	client[0] = connect_to(&abstract);
	server[0] = accept_from(listening);
	assert_int_equal(count(getpid(), &abstract, 1), 1);
	assert_int_equal(count(getpid(), &public, 1), 0);
	close(client[0]);
	close(server[0]);
	close(listening);
}

/*
 * A child that accepts n connections, reports that, and waits until we close
 * its pipe.
 */
struct server {
	pid_t pid;
	int pipe;
};

static void
serve(int listening, int n, int channel)
{
	char byte = 'x';
	int i;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (i = 0; i < n; i++) {
		if (accept4(listening, NULL, NULL, SOCK_CLOEXEC) == -1)
			byte = '!';
	}
	if (write(channel, &byte, 1) == 1 && read(channel, &byte, 1) == 0)
		_exit(0);
	_exit(1);
}

static struct server
server_start(int listening, int n)
{
	struct server server;
	int pair[2];

	assert_int_equal(
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	if ((server.pid = fork()) == 0) {
		close(pair[0]);
		serve(listening, n, pair[1]);
	}
	close(pair[1]);
	server.pipe = pair[0];
	return server;
}

static void
server_wait(const struct server *server)
{
	char byte;

	assert_int_equal(read(server->pipe, &byte, 1), 1);
	assert_int_equal(byte, 'x');
}

static void
server_stop(const struct server *server)
{
	int status;

	close(server->pipe);
	assert_int_equal(waitpid(server->pid, &status, 0), server->pid);
	assert_int_equal(status, 0);
}

static void
test_tells_processes_apart(void **state)
{
	int listening, client[3], own, i;
	struct address address;
	struct drain_set *set;
	struct server server;
	pid_t pids[2];

	listening = listen_at(&address, "127.0.0.1:0");
	for (i = 0; i < 3; i++)
		client[i] = connect_to(&address);
	own = accept_from(listening);
	server = server_start(listening, 2);
	server_wait(&server);
	close(own);
	assert_int_equal(count(server.pid, &address, 1), 3);
	assert_int_equal(count(getpid(), &address, 1), 0);
	pids[0] = server.pid;
	pids[1] = getpid();
	set = drain_set_new(pids, 2);
	assert_int_equal(drain_count(set, &address, 1, NULL), 3);
	server_stop(&server);
	assert_int_equal(drain_count(set, &address, 1, NULL), 0);
	drain_set_free(set);
	assert_int_equal(count(server.pid, &address, 1), 0);
	for (i = 0; i < 3; i++)
		close(client[i]);
	close(listening);
}

/* As user nobody: with root's process alone an error, with ours no error. */
static int
look_as_nobody(pid_t other)
{
	pid_t pids[2] = { other, getpid() };
	struct drain_set *set;

	if (setresuid(NOBODY, NOBODY, NOBODY) == -1 ||
	    prctl(PR_SET_DUMPABLE, 1) == -1)
		return 1;
	if (drain_set_new(pids, 1) != NULL || errno != EACCES)
		return 2;
	if ((set = drain_set_new(pids, 2)) == NULL)
		return 3;
	drain_set_free(set);
	if ((set = drain_set_new(pids, 0)) == NULL)
		return 4;
	drain_set_free(set);
	return 0;
}

static void
test_unreadable(void **state)
{
	int status;
	pid_t pid;

	if (getuid() != 0)
		skip();
	if ((pid = fork()) == 0)
		_exit(look_as_nobody(getppid()));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* Root that may list another user's descriptors, but not read them. */
static int
look_without_ptrace(pid_t other)
{
	struct credentials who;

	if (credentials_own(&who) == -1)
		return 1;
	who.capabilities &= ~(UINT64_C(1) << CAP_SYS_PTRACE);
	if (credentials_take_on(&who) == -1)
		return 2;
	return drain_set_new(&other, 1) == NULL && errno == EACCES ? 0 : 3;
}

static void
what_may_not_be_read_is_not_taken_for_none(void **state)
{
	pid_t other, pid;
	int status;

	if (getuid() != 0)
		skip();
	if ((other = fork()) == 0) {
		if (setresuid(NOBODY, NOBODY, NOBODY) == 0)
			pause();
		_exit(1);
	}
	if ((pid = fork()) == 0)
		_exit(look_without_ptrace(other));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(kill(other, SIGKILL), 0);
	assert_int_equal(waitpid(other, NULL, 0), other);
	assert_int_equal(WEXITSTATUS(status), 0);
}

struct ports {
	unsigned int seen;
	bool strange;
	const uint16_t *asked;
};

static void
see_port(const struct inet_diag_msg *socket, const struct activity *activity,
    void *arg)
{
	uint16_t port = ntohs(socket->id.idiag_sport);
	struct ports *ports = arg;

	ports->seen++;
	ports->strange |= port != ports->asked[0] && port != ports->asked[1];
}

/* The kernel omits what was not asked for. */
static void
test_kernel_filters(void **state)
{
	enum { N = 3 };
	struct address addresses[N];
	int listening[N], client[N], i;
	uint16_t asked[N];
	struct ports ports = { .asked = asked };

	for (i = 0; i < N; i++) {
		listening[i] = listen_at(&addresses[i], "127.0.0.1:0");
		asked[i] = address_port(&addresses[i]);
		client[i] = connect_to(&addresses[i]);
	}
	assert_int_equal(
	    diag_tcp(AF_INET, asked, 2, DIAG_CONNECTIONS, see_port, &ports), 0);
	assert_int_equal(ports.seen, 2);
	assert_false(ports.strange);
	ports.seen = 0; /* without a port it omits nothing */
	assert_int_equal(
	    diag_tcp(AF_INET, NULL, 0, DIAG_CONNECTIONS, see_port, &ports), 0);
	assert_true(ports.seen >= N);
	for (i = 0; i < N; i++) {
		close(client[i]);
		close(listening[i]);
	}
}

/* A socket that takes a SYN, and no ACK, has a handshake that is not complete.
 */
static void
a_handshake_is_no_connection(void **state)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS,
		    offsetof(struct tcphdr, th_flags)),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, TH_SYN, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	const struct sock_fprog deaf = { 4, code };
	struct address addresses[2];
	int listening[2], clients[2], handshakes;
	size_t i;

	for (i = 0; i < 2; i++)
		listening[i] = listen_at(&addresses[i], "127.0.0.1:0");
	if (setsockopt(listening[1], SOL_SOCKET, SO_ATTACH_FILTER, &deaf,
		sizeof(deaf)) == -1) {
		assert_int_equal(errno, EPERM);
		skip();
	}
	for (i = 0; i < 2; i++)
		clients[i] = connect_to(&addresses[i]);
	assert_int_equal(drain_count(NULL, addresses, 1, &handshakes), 1);
	assert_int_equal(handshakes, 0);
	assert_int_equal(drain_count(NULL, addresses, 2, &handshakes), 1);
	assert_int_equal(handshakes, 1);
	assert_int_equal(drain_count(NULL, addresses, 2, NULL), 1);
	for (i = 0; i < 2; i++) {
		close(clients[i]);
		close(listening[i]);
	}
}

/* Processor time, which other work on this machine takes from nobody. */
static double
elapsed_ms(const struct timespec *from)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (now.tv_sec - from->tv_sec) * 1e3 +
	    (now.tv_nsec - from->tv_nsec) / 1e6;
}

static void
measure(pid_t pid, const struct address *address, int expected)
{
	struct timespec start;
	struct drain_set *set;
	double looking, counting;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &start);
	set = drain_set_new(&pid, 1);
	looking = elapsed_ms(&start);
	assert_non_null(set);
	assert_int_equal(drain_count(set, address, 1, NULL), expected);
	counting = elapsed_ms(&start) - looking;
	print_message("%d of %d connections: set %.1f ms, count %.1f ms\n",
	    expected, MANY, looking, counting);
	assert_true(looking + counting < 1000);
	drain_set_free(set);
}

static void
test_many(void **state)
{
	int listening, *clients, other, i;
	struct address address, elsewhere;
	struct server server;
	struct rlimit limit;

	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	if (limit.rlim_max < MANY + 64)
		skip();
	assert_non_null(clients = calloc(MANY, sizeof(*clients)));
	listening = listen_at(&address, "127.0.0.1:0");
	other = listen_at(&elsewhere, "127.0.0.1:0");
	server = server_start(listening, MANY);
	for (i = 0; i < MANY; i++)
		clients[i] = connect_to(&address);
	server_wait(&server);
	for (i = 0; i < 3; i++)
		measure(server.pid, &address, MANY);
	measure(server.pid, &elsewhere, 0);
	for (i = 0; i < MANY; i++)
		close(clients[i]);
	server_stop(&server);
	free(clients);
	close(listening);
	close(other);
}

static int
teardown(void **state)
{
	return rmdir(directory());
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counts_what_is_open),
		cmocka_unit_test(test_several_addresses),
		cmocka_unit_test(test_dual_stack),
		cmocka_unit_test(test_other_addresses),
		cmocka_unit_test(test_unix),
		cmocka_unit_test(test_tells_processes_apart),
		cmocka_unit_test(test_unreadable),
		cmocka_unit_test(what_may_not_be_read_is_not_taken_for_none),
		cmocka_unit_test(test_kernel_filters),
		cmocka_unit_test(a_handshake_is_no_connection),
		cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, teardown);
}
