/* SPDX-License-Identifier: ISC */
/*
 * Which servers are known, and which arguments keep them in the foreground.
 */
#include "cli/known_server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define ARGUMENTS 4

static const struct {
	const char *path;
	const char *arguments[ARGUMENTS];
	bool detaches;
} cases[] = {
	{ "/usr/sbin/nginx", { "-c", "nginx.conf" }, true },
	{ "nginx", { "-g", "daemon off; pid x;" }, false },
	{ "/usr/sbin/apache2", { "-k", "start" }, true },
	{ "apache2", { "-D", "FOREGROUND" }, false },
	{ "httpd", { "-DFOREGROUND" }, false },
	{ "haproxy", { "-f", "haproxy.cfg" }, false },
	{ "haproxy", { "-D", "-f", "haproxy.cfg" }, true },
	{ "caddy", { "run" }, false },
	{ "caddy", { "start" }, true },
	{ "dnsmasq", { NULL }, true },
	{ "dnsmasq", { "-k" }, false },
	{ "dnsmasq", { "--keep-in-foreground" }, false },
	{ "php-fpm8.2", { "-F" }, false },
	{ "mariadbd", { NULL }, false },
	{ "etcd", { "--data-dir", "x" }, false },
	{ "rabbitmq-server", { NULL }, false },
	{ "rabbitmq-server", { "-detached" }, true },
	{ "pgbouncer", { "-d", "x.ini" }, true },
	{ "dovecot", { "-F" }, false },
	{ "dovecot", { NULL }, true },
	{ "smtpd", { "-d" }, false },
	{ "smtpd", { NULL }, true },
	{ "unicorn", { "-D" }, true },
};

static void
tells_who_detaches(void **state)
{
	const struct known_server *known;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		known = known_server_find(cases[i].path);
		assert_non_null(known);
		if (known_server_will_detach(known,
			(char *const *)cases[i].arguments) != cases[i].detaches)
			fail_msg("case %zu, %s", i, cases[i].path);
	}
}

static void
knows_no_others(void **state)
{
	assert_null(known_server_find("./server"));
	assert_null(known_server_find("/opt/nginx/server"));
	assert_null(known_server_find("nginx-debug-wrapper"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_who_detaches),
		cmocka_unit_test(knows_no_others),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
