# SPDX-License-Identifier: ISC
"""Web servers and proxies."""

from server import Server

NGINX = """\
worker_processes 2;
error_log stderr;
events { worker_connections 1024; }
http {
    access_log off;
    client_body_temp_path @DIR@/tmp;
    proxy_temp_path @DIR@/tmp;
    fastcgi_temp_path @DIR@/tmp;
    uwsgi_temp_path @DIR@/tmp;
    scgi_temp_path @DIR@/tmp;
    server { listen @LISTEN@; root @DIR@/www; }
}
"""

APACHE = """\
ServerName localhost
ServerRoot @DIR@
DefaultRuntimeDir @DIR@
ErrorLog @DIR@/error.log
LoadModule mpm_@MPM@_module /usr/lib/apache2/modules/mod_mpm_@MPM@.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule dir_module /usr/lib/apache2/modules/mod_dir.so
DirectoryIndex index.html
DocumentRoot @DIR@/www
Listen 127.0.0.1:@PORT@
KeepAlive On
MaxKeepAliveRequests 0
<IfModule mpm_prefork_module>
    StartServers 32
    MinSpareServers 16
    MaxSpareServers 64
    MaxRequestWorkers 128
</IfModule>
"""

HAPROXY = """\
defaults
    mode http
    timeout client 10s
    timeout server 10s
    timeout connect 10s
frontend web
    bind 127.0.0.1:@PORT@
    http-request return status 200 content-type text/plain string "it works"
"""

# /etc/haproxy/haproxy.cfg of the package, but for its paths, its user and the
# frontend that everybody adds.
HAPROXY_DEBIAN = """\
global
    log /dev/log local0
    log /dev/log local1 notice
    stats socket @DIR@/run/admin.sock mode 660 level admin
    stats timeout 30s
    user @USER@
    group @GROUP@
    daemon
defaults
    log global
    mode http
    option httplog
    option dontlognull
    timeout connect 5000
    timeout client 50000
    timeout server 50000
frontend web
    bind 127.0.0.1:@PORT@
    default_backend site
backend site
    server one 127.0.0.1:@BESIDE@
"""

LIGHTTPD = """\
server.document-root = "@DIR@/www"
server.bind = "127.0.0.1"
server.port = @PORT@
index-file.names = ("index.html")
server.max-keep-alive-requests = 10000
"""

CADDY = """\
{
	admin off
	auto_https off
}
http://127.0.0.1:@PORT@ {
	root * @DIR@/www
	file_server
}
"""

VARNISH = """\
vcl 4.1;
backend default { .host = "127.0.0.1"; .port = "@BESIDE@"; }
"""

SQUID = """\
http_port 127.0.0.1:@PORT@
http_access allow localhost
cache deny all
access_log none
cache_log @DIR@/cache.log
pid_filename none
cache_effective_user nobody
netdb_filename none
shutdown_lifetime 1 second
coredump_dir @DIR@
"""

TINYPROXY = """\
Port @PORT@
Listen 127.0.0.1
Timeout 60
Allow 127.0.0.1
MaxClients 500
LogLevel Error
"""

STUNNEL = """\
foreground = yes
pid =
debug = warning
[tls]
accept = 127.0.0.1:@TLS@
connect = 127.0.0.1:@BESIDE@
cert = @DIR@/cert.pem
key = @DIR@/key.pem
[plain]
client = yes
accept = 127.0.0.1:@PORT@
connect = 127.0.0.1:@TLS@
"""

# What proxies lead to.
SITE = (("@DIR@/server_static", "--bind", "127.0.0.1:@BESIDE@"),)

BY_PROXY = ("--path", "http://127.0.0.1:@BESIDE@/")


def nginx(name, listen, **more):
    return Server(
        name, "nginx-light",
        ("nginx", "-e", "stderr", "-p", "@DIR@", "-c", "nginx.conf", "-g",
         "daemon off; pid @DIR@/nginx.{generation}.pid;"),
        {"nginx.conf": NGINX.replace("@LISTEN@", listen)},
        ("--stop-signal", "QUIT"), why="SIGTERM cuts connections",
        needs="nginx", **more)


def apache(mpm):
    return Server(
        f"apache2, {mpm}", "apache2-bin",
        ("apache2", "-D", "FOREGROUND", "-f", "@DIR@/apache.conf", "-c",
         "PidFile @DIR@/apache.{generation}.pid"),
        {"apache.conf": APACHE.replace("@MPM@", mpm)},
        ("--stop-signal", "WINCH"), why="SIGTERM cuts connections",
        needs="apache2")


WEB = (
    nginx("nginx", "127.0.0.1:@PORT@"),
    nginx("nginx, Unix socket", "unix:@DIR@/web.sock",
          target="@DIR@/web.sock"),
    apache("prefork"),
    apache("event"),
    Server("lighttpd", "lighttpd",
           ("lighttpd", "-D", "-f", "@DIR@/lighttpd.conf"),
           {"lighttpd.conf": LIGHTTPD}, ("--stop-signal", "INT"),
           why="SIGTERM cuts connections", needs="lighttpd"),
    Server("haproxy", "haproxy",
           ("haproxy", "-W", "-db", "-f", "@DIR@/haproxy.conf"),
           {"haproxy.conf": HAPROXY}, ("--stop-signal", "USR1"),
           why="SIGTERM cuts connections",
           again="it executes its file again", needs="haproxy"),
    Server("haproxy, Debian's configuration", "haproxy",
           ("haproxy", "-Ws", "-f", "@DIR@/haproxy.cfg", "-p",
            "@DIR@/run/haproxy.{generation}.pid"),
           {"haproxy.cfg": HAPROXY_DEBIAN, "run/empty": ""},
           ("--stop-signal", "USR1"), why="SIGTERM cuts connections",
           again="it executes its file again",
           beside=SITE, most=500, needs="haproxy"),
    Server("Caddy (Go)", "caddy",
           ("caddy", "run", "--config", "@DIR@/Caddyfile", "--adapter",
            "caddyfile"), {"Caddyfile": CADDY}, needs="caddy"),
    Server("varnish", "varnish",
           ("varnishd", "-F", "-j", "none", "-a", "127.0.0.1:@PORT@", "-f",
            "@DIR@/site.vcl", "-s", "malloc,16m", "-n",
            "@DIR@/work.{generation}"),
           {"site.vcl": VARNISH}, beside=SITE, most=500, needs="varnishd"),
    Server("squid", "squid",
           ("squid", "--foreground", "-N", "-f", "@DIR@/squid.conf"),
           {"squid.conf": SQUID}, ("--strategy", "exclusive", "--stop-signal", "INT"),
           why="its cache has one owner; after SIGTERM it waits", load=BY_PROXY, beside=SITE,
           most=300, needs="squid"),
    Server("tinyproxy", "tinyproxy-bin",
           ("tinyproxy", "-d", "-c", "@DIR@/tinyproxy.conf"),
           {"tinyproxy.conf": TINYPROXY}, load=BY_PROXY, beside=SITE,
           most=300, needs="tinyproxy"),
    Server("stunnel", "stunnel4", ("stunnel4", "@DIR@/stunnel.conf"),
           {"stunnel.conf": STUNNEL}, beside=SITE, most=200,
           setup=(("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                   "ec_paramgen_curve:prime256v1", "-nodes", "-batch",
                   "-subj", "/CN=localhost", "-keyout", "key.pem", "-out",
                   "cert.pem"),),
           needs="stunnel4"),
)
