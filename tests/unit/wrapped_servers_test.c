/* SPDX-License-Identifier: ISC */
/*
 * The shim with real servers as they are installed: each listener is announced,
 * bound before it listens, and answers afterwards.  Servers that are not
 * installed are left out.
 */
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/fd.h"
#include "wrapped.h"

/* Connect as a client: is the server's answer right? */
static bool
is_answered(int port)
{
	static const char request[] = "GET / HTTP/1.0\r\n\r\n";
	struct sockaddr_in address = { .sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const struct timeval limit = { .tv_sec = DEADLINE_SEC };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char answer[5] = "";

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 &&
	    fd_write_all(fd, request, strlen(request)) == 0)
		recv(fd, answer, sizeof(answer), MSG_WAITALL);
	close(fd);
	return memcmp(answer, "HTTP/", 5) == 0;
}

/* In a process of its own, as the loop must go on answering calls. */
static void
ask_when_listening(struct run *run, struct intercept_call *call)
{
	enum intercept_kind kind = call->kind;
	bool answered;

	decide_bind(run, call);
	if (kind != INTERCEPT_LISTEN || run->client != 0)
		return;
	if ((run->client = fork()) == 0) {
		answered = is_answered(run->port);
		kill(run->pid, SIGTERM);
		_exit(answered ? 0 : 1);
	}
}

static void
check_server(enum backend backend, const char *program, const char *const *argv,
    int port)
{
	struct run run = { .backend = backend, .decide = ask_when_listening };

	start(&run, program, argv);
	finish(&run);
	assert_in_range(run.told, 2, 16);
	assert_int_equal(run.kinds[0], INTERCEPT_BIND);
	assert_int_equal(run.kinds[1], INTERCEPT_LISTEN);
	assert_int_equal(run.port, port);
	assert_int_equal(run.client_status, 0);
}

static void
check_both(const char *program, const char *const *argv, int port)
{
	check_server(SECCOMP, program, argv, port);
	check_server(PRELOAD, program, argv, port);
}

static bool
is_installed(const char *program)
{
	char command[128];

	snprintf(command, sizeof(command),
	    "PATH=$PATH:/usr/sbin command -v %s >/dev/null", program);
	return system(command) == 0;
}

static void
wraps_python(void **state)
{
	char port[16];
	const char *argv[] = { "python3", "-m", "http.server", port, "--bind",
		"127.0.0.1", NULL };
	int number = free_port(0);

	if (!is_installed(argv[0]))
		skip();
	snprintf(port, sizeof(port), "%d", number);
	check_both(argv[0], argv, number);
}

static void
wraps_node(void **state)
{
	char code[256];
	const char *argv[] = { "node", "-e", code, NULL };
	int number = free_port(0);

	if (!is_installed(argv[0]))
		skip();
	snprintf(code, sizeof(code),
	    "require('http').createServer((q, r) => r.end('ok'))"
	    ".listen(%d, '127.0.0.1')",
	    number);
	check_both(argv[0], argv, number);
}

/* A master with workers; it listens twice on its socket. */
static void
wraps_nginx(void **state)
{
	const char *argv[] = { "nginx", "-p", directory, "-e", "stderr", "-c",
		"nginx.conf", "-g", "daemon off;", NULL };
	int number = free_port(0);
	FILE *file;

	if (!is_installed(argv[0]))
		skip();
	assert_non_null(file = fopen("nginx.conf", "we"));
	fprintf(file,
	    "pid nginx.pid; worker_processes 2; events {}\n"
	    "http { access_log off; client_body_temp_path .;\n"
	    "proxy_temp_path .; fastcgi_temp_path .;\n"
	    "uwsgi_temp_path .; scgi_temp_path .;\n"
	    "server { listen 127.0.0.1:%d; return 200; } }\n",
	    number);
	fclose(file);
	check_both("/usr/sbin/nginx", argv, number);
	unlink("nginx.conf");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wraps_python),
		cmocka_unit_test(wraps_node),
		cmocka_unit_test(wraps_nginx),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, wrapped_set_up, wrapped_tear_down);
}
