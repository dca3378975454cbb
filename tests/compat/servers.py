# SPDX-License-Identifier: ISC
"""The servers that hotswap is tried with, a row each, as Debian has them.

@DIR@ and @PORT@ are replaced in commands, files and targets; {generation} is
replaced by hotswap.  What a server needs of hotswap's options beyond none at
all stands in its row and, from there, in the table."""

from dataclasses import dataclass, field

PAGE = "it works\n"

# One question for the address of a name, as RFC 1035 writes it.
DNS_QUESTION = ("%12%34%01%00%00%01%00%00%00%00%00%00"
                "%04test%07example%00%00%01%00%01")


@dataclass(frozen=True)
class Server:
    """A row of the table."""
    name: str
    package: str          # whose version is shown; "": built here
    command: tuple
    files: dict = field(default_factory=dict)
    options: tuple = ()   # of hotswap run
    build: tuple = ()     # a command, run once
    target: str = "127.0.0.1:@PORT@"
    load: tuple = ()      # options of the load client
    kept: int = 8         # connections that are kept alive
    most: int = 10**6     # new connections a second that it can serve
    needs: str = ""       # a program without which the row is left out


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

NODE = """\
require('http').createServer((request, response) => response.end('it works'))
    .listen(process.argv[2], '127.0.0.1');
"""

WSGI = """\
def app(environ, start_response):
    start_response("200 OK", [("Content-Length", "8")])
    return [b"it works"]
"""

ASGI = """\
async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    await send({"type": "http.response.start", "status": 200,
                "headers": [(b"content-length", b"8")]})
    await send({"type": "http.response.body", "body": b"it works"})
"""

GO = """\
package main

import (
	"io"
	"net/http"
	"os"
)

func main() {
	http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "it works")
	})
	panic(http.ListenAndServe(os.Args[1], nil))
}
"""

JAVA = """\
import com.sun.net.httpserver.HttpServer;
import java.net.InetSocketAddress;
import java.util.concurrent.Executors;

class Server {
    public static void main(String[] arguments) throws Exception {
        byte[] page = "it works".getBytes();
        HttpServer server = HttpServer.create(
            new InetSocketAddress("127.0.0.1", Integer.parseInt(arguments[0])),
            1024);
        server.createContext("/", exchange -> {
            exchange.sendResponseHeaders(200, page.length);
            exchange.getResponseBody().write(page);
            exchange.close();
        });
        server.setExecutor(Executors.newFixedThreadPool(16));
        server.start();
    }
}
"""


def nginx(name, listen, **more):
    return Server(
        name, "nginx-light",
        ("nginx", "-e", "stderr", "-p", "@DIR@", "-c", "nginx.conf", "-g",
         "daemon off; pid @DIR@/nginx.{generation}.pid;"),
        {"nginx.conf": NGINX.replace("@LISTEN@", listen)},
        ("--stop-signal", "QUIT"), needs="nginx", **more)


def apache(mpm):
    return Server(
        f"apache2, {mpm}", "apache2-bin",
        ("apache2", "-D", "FOREGROUND", "-f", "@DIR@/apache.conf", "-c",
         "PidFile @DIR@/apache.{generation}.pid"),
        {"apache.conf": APACHE.replace("@MPM@", mpm)},
        ("--stop-signal", "WINCH"), needs="apache2")


SERVERS = (
    nginx("nginx", "127.0.0.1:@PORT@"),
    nginx("nginx, Unix socket", "unix:@DIR@/web.sock",
          target="@DIR@/web.sock"),
    apache("prefork"),
    apache("event"),
    Server("lighttpd", "lighttpd",
           ("lighttpd", "-D", "-f", "@DIR@/lighttpd.conf"),
           {"lighttpd.conf": LIGHTTPD}, ("--stop-signal", "INT"),
           needs="lighttpd"),
    Server("haproxy", "haproxy",
           ("haproxy", "-W", "-db", "-f", "@DIR@/haproxy.conf"),
           {"haproxy.conf": HAPROXY}, ("--stop-signal", "USR1"),
           needs="haproxy"),
    Server("Caddy (Go)", "caddy",
           ("caddy", "run", "--config", "@DIR@/Caddyfile", "--adapter",
            "caddyfile"), {"Caddyfile": CADDY}, needs="caddy"),
    Server("Go, CGO_ENABLED=0", "golang-go",
           ("@DIR@/go_server", "127.0.0.1:@PORT@"), {"server.go": GO},
           build=("go", "build", "-o", "go_server", "server.go"),
           needs="go"),
    Server("C, static", "",
           ("@DIR@/server_static", "--bind", "127.0.0.1:@PORT@")),
    Server("node", "nodejs", ("node", "@DIR@/server.js", "@PORT@"),
           {"server.js": NODE}, needs="node"),
    Server("python3 -m http.server", "python3",
           ("python3", "-m", "http.server", "-b", "127.0.0.1", "-d",
            "@DIR@/www", "@PORT@"),
           # A thread each: by itself it falls behind at 1,000 a second.
           most=300, needs="python3"),
    Server("gunicorn", "gunicorn",
           ("gunicorn", "-w", "2", "--chdir", "@DIR@", "-b",
            "127.0.0.1:@PORT@", "app:app"), {"app.py": WSGI},
           needs="gunicorn"),
    Server("gunicorn, Unix socket", "gunicorn",
           ("gunicorn", "-w", "2", "--chdir", "@DIR@", "-b",
            "unix:@DIR@/web.sock", "app:app"), {"app.py": WSGI},
           target="@DIR@/web.sock", needs="gunicorn"),
    Server("uvicorn (asyncio)", "uvicorn",
           ("uvicorn", "--no-access-log", "--app-dir", "@DIR@", "--host",
            "127.0.0.1", "--port", "@PORT@", "app:app"), {"app.py": ASGI},
           needs="uvicorn"),
    Server("Java, com.sun.net.httpserver", "",
           ("java", "-cp", "@DIR@", "Server", "@PORT@"),
           {"Server.java": JAVA}, build=("javac", "Server.java"),
           needs="javac"),
    Server("redis-server", "redis-server",
           ("redis-server", "--port", "@PORT@", "--bind", "127.0.0.1",
            "--save", "", "--dir", "@DIR@"),
           load=("--send", "PING%0D%0A", "--until", "%0D%0A"),
           needs="redis-server"),
    Server("dnsmasq (UDP)", "dnsmasq-base",
           ("dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null",
            "--port=@PORT@", "--listen-address=127.0.0.1",
            "--bind-interfaces", "--no-resolv", "--no-hosts",
            "--address=/test.example/192.0.2.1", "--user=",
            "--pid-file=@DIR@/dnsmasq.{generation}.pid"),
           target="udp:127.0.0.1:@PORT@", load=("--send", DNS_QUESTION),
           needs="dnsmasq"),
)
