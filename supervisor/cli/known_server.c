/* SPDX-License-Identifier: ISC */
/*
 * Servers that many people run, and what makes each of them hard to replace, or
 * to run twice at a time.
 */
#include "cli/known_server.h"

#include <fnmatch.h>
#include <stddef.h>
#include <string.h>

static const struct known_server table[] = {
	{ "nginx", true, "-g 'daemon off;'", "*daemon off*",
	    "its pid file: -g 'daemon off; pid /run/nginx.{generation}.pid;'",
	    "--stop-signal QUIT" },
	{ "apache2*", true, "-D FOREGROUND", "*FOREGROUND",
	    "its pid file: -c 'PidFile /run/apache2.{generation}.pid'",
	    "--stop-signal WINCH" },
	{ "httpd*", true, "-D FOREGROUND", "*FOREGROUND",
	    "its pid file: -c 'PidFile /run/httpd.{generation}.pid'",
	    "--stop-signal WINCH" },
	{ "lighttpd", true, "-D", "-D",
	    "its pid file: server.pid-file in the configuration",
	    "--stop-signal INT" },
	{ "haproxy", false, "-D", "-D",
	    "its stats socket, if the configuration has one",
	    "--stop-signal USR1" },
	{ "caddy", false, "start", "start",
	    "its admin address: `admin off`, or --ignore localhost:2019",
	    NULL },
	{ "dnsmasq", true, "--keep-in-foreground", "@(-k|-d|--keep-in-*)",
	    "its pid file: --pid-file=/run/dnsmasq.{generation}.pid", NULL },
	{ "sshd", true, "-D", "-*D*", "its pid file", NULL },
	{ "named", true, "-f", "-[fg]*", "its control address, port 953",
	    NULL },
	{ "unbound", true, "-d", "-d*", "its pid file", NULL },
	{ "php-fpm*", true, "--nodaemonize", "@(-F|--nodaemonize)",
	    "its pid file", "--stop-signal QUIT" },
	{ "varnishd", true, "-F", "-F", "its directory: -n with {generation}",
	    NULL },
	{ "squid", true, "--foreground", "@(-N|--foreground)",
	    "its cache and pid file",
	    "--strategy exclusive --stop-signal INT" },
	{ "redis-server", false, "--daemonize yes", "--daemonize",
	    "the data that it writes", "--strategy exclusive" },
	{ "postgres", false, NULL, NULL, "its data directory, by a lock",
	    "--strategy exclusive --stop-signal INT" },
	{ "@(mysqld|mariadbd)", false, "--daemonize", "--daemonize",
	    "its data directory, by a lock", "--strategy exclusive" },
	{ "mongod", false, "--fork", "--fork", "its data directory, by a lock",
	    "--strategy exclusive" },
	{ "etcd", false, NULL, NULL, "its data directory, by a lock",
	    "--strategy exclusive" },
	{ "prometheus", false, NULL, NULL, "its data directory, by a lock",
	    "--strategy exclusive" },
	{ "rabbitmq-server", false, "-detached", "-detached",
	    "its data directory and the node's name",
	    "--strategy exclusive --ready notify" },
	{ "pgbouncer", false, "-d", "@(-d|--daemon)",
	    "its pid file, if it has one", "--stop-signal INT" },
	{ "smtpd", true, "-d", "-*d*", "its control socket and queue",
	    "--strategy exclusive" },
	{ "dovecot", true, "-F", "-F",
	    "its base directory: -o base_dir=/run/dovecot.{generation}", NULL },
	{ "memcached", false, "-d", "-d", NULL, NULL },
	{ "gunicorn*", false, "--daemon", "@(-D|--daemon)", NULL, NULL },
	{ "unicorn*", false, "-D", "@(-D|--daemonize)",
	    "its pid file, if it has one", "--stop-signal QUIT" },
	{ "uwsgi*", false, "--daemonize", "@(-d|--daemonize)*",
	    "its pid file, if it has one", "--stop-signal HUP" },
};

const struct known_server *
known_server_find(const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash != NULL ? slash + 1 : path;
	size_t i;

	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (fnmatch(table[i].name, name, FNM_EXTMATCH) == 0)
			return &table[i];
	return NULL;
}

bool
known_server_will_detach(
    const struct known_server *server, char *const *arguments)
{
	if (server->pattern == NULL)
		return server->detaches;
	for (; *arguments != NULL; arguments++)
		if (fnmatch(server->pattern, *arguments, FNM_EXTMATCH) == 0)
			return !server->detaches;
	return server->detaches;
}
