# SPDX-License-Identifier: ISC
"""Application servers, run-time systems and libraries."""

from server import Server, talk

NODE = """\
require('http').createServer((request, response) => response.end('it works'))
    .listen(process.argv[2], '127.0.0.1');
"""

EXPRESS = """\
const app = require('express')();
app.get('/', (request, response) => response.send('it works'));
app.listen(process.argv[2], '127.0.0.1');
"""

# It says what it was told.
WS = """\
const { WebSocketServer } = require('ws');
new WebSocketServer({ host: '127.0.0.1', port: process.argv[2] })
    .on('connection', (peer) =>
        peer.on('message', (data) => peer.send(data.toString())));
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

RACK = """\
run ->(env) { [200, { "content-length" => "8" }, ["it works"]] }
"""

UNICORN = """\
worker_processes 4
listen "127.0.0.1:@PORT@", backlog: 1024
working_directory "@DIR@"
"""

ERLANG = """\
#!/usr/bin/env escript
main([Port]) ->
    {ok, Listener} = gen_tcp:listen(list_to_integer(Port),
        [binary, {packet, http}, {active, false}, {backlog, 1024},
         {ip, {127, 0, 0, 1}}, {reuseaddr, true}]),
    [spawn_link(fun() -> accept(Listener) end) || _ <- lists:seq(1, 8)],
    receive never -> ok end.

accept(Listener) ->
    {ok, Socket} = gen_tcp:accept(Listener),
    Pid = spawn(fun() -> receive go -> serve(Socket) end end),
    gen_tcp:controlling_process(Socket, Pid),
    Pid ! go,
    accept(Listener).

serve(Socket) ->
    case gen_tcp:recv(Socket, 0) of
        {ok, http_eoh} ->
            gen_tcp:send(Socket,
                "HTTP/1.1 200 OK\\r\\nContent-Length: 8\\r\\n\\r\\n"
                "it works"),
            serve(Socket);
        {ok, _} -> serve(Socket);
        _ -> gen_tcp:close(Socket)
    end.
"""

PHP = """\
[global]
error_log = @DIR@/fpm.log
daemonize = no
[www]
listen = @LISTEN@
user = @USER@
group = @GROUP@
pm = static
pm.max_children = 8
ping.path = /ping
"""


def record(kind, data):
    """Of FastCGI, with request number 1."""
    return bytes([1, kind, 0, 1, 0, len(data), 0, 0]) + data


def fastcgi(**parameters):
    """A whole request."""
    text = b"".join(bytes([len(key), len(value)]) + key.encode() +
                    value.encode() for key, value in parameters.items())
    return (record(1, b"\0\1\0\0\0\0\0\0") + record(4, text) +
            record(4, b"") + record(5, b""))


def frame(text):
    """Of WebSocket, with a mask that changes nothing."""
    return bytes([0x81, 0x80 | len(text), 0, 0, 0, 0]) + text


WEBSOCKET = talk(
    frame(b"hello"), b"\x81\x05hello",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
    b"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n", b"\r\n\r\n")


def php(name, listen, **more):
    return Server(
        name, "php8.2-fpm",
        ("php-fpm8.2", "-n", "--nodaemonize", "-R", "-y", "@DIR@/fpm.conf"),
        {"fpm.conf": PHP.replace("@LISTEN@", listen)},
        ("--stop-signal", "QUIT"), why="SIGTERM cuts connections",
        load=("--expect", "pong", *talk(
            fastcgi(REQUEST_METHOD="GET", SCRIPT_NAME="/ping",
                    SCRIPT_FILENAME="/ping", QUERY_STRING=""),
            record(3, bytes(8)))),
        kept=0, needs="php-fpm8.2", **more)


def npm(name, version, program, **more):
    return Server(
        name, "", ("node", "@DIR@/server.js", "@PORT@"),
        {"server.js": program}, version=version,
        build=("cp", "-r", "@BUILD@/npm/node_modules", "."), needs="node",
        **more)


APPLICATIONS = (
    php("php-fpm", "127.0.0.1:@PORT@"),
    php("php-fpm, Unix socket", "@DIR@/php.sock", target="@DIR@/php.sock"),
    Server("Go, CGO_ENABLED=0", "golang-go",
           ("@DIR@/go_server", "127.0.0.1:@PORT@"), {"server.go": GO},
           build=("go", "build", "-o", "go_server", "server.go"),
           needs="go"),
    Server("C, static", "",
           ("@DIR@/server_static", "--bind", "127.0.0.1:@PORT@")),
    Server("asio, C++", "libasio-dev", ("@DIR@/asio_server", "@PORT@"),
           build=("cp", "@BUILD@/compat/asio_server", ".")),
    Server("libuv, C", "libuv1-dev", ("@DIR@/libuv_server", "@PORT@"),
           build=("cp", "@BUILD@/compat/libuv_server", ".")),
    Server("node", "nodejs", ("node", "@DIR@/server.js", "@PORT@"),
           {"server.js": NODE}, needs="node"),
    Server("node --inspect", "nodejs",
           ("node", "--inspect=127.0.0.1:@INSPECT@", "@DIR@/server.js",
            "@PORT@"), {"server.js": NODE}, needs="node"),
    npm("node, express", "4.21.2", EXPRESS, most=500),
    npm("node, ws (WebSocket)", "8.18.0", WS, load=WEBSOCKET, most=500),
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
    Server("hypercorn", "python3-hypercorn",
           ("hypercorn", "-b", "127.0.0.1:@PORT@", "app:app"),
           {"app.py": ASGI}, most=200, needs="hypercorn"),
    Server("puma", "puma",
           ("puma", "-b", "tcp://127.0.0.1:@PORT@", "@DIR@/config.ru"),
           {"config.ru": RACK}, most=500, needs="puma"),
    Server("unicorn", "unicorn",
           ("unicorn", "-c", "@DIR@/unicorn.rb", "@DIR@/config.ru"),
           {"config.ru": RACK, "unicorn.rb": UNICORN},
           ("--stop-signal", "QUIT"), why="SIGTERM cuts connections",
           most=500, needs="unicorn"),
    Server("Java, com.sun.net.httpserver", "",
           ("@DIR@/jdk/bin/java", "-cp", "@DIR@", "Server", "@PORT@"),
           {"Server.java": JAVA},
           build=("sh", "-ec",
                  "javac Server.java; mkdir -p jdk/bin;"
                  " j=$(dirname $(dirname $(readlink -f $(command -v java))));"
                  " cp $j/bin/java jdk/bin; ln -s $j/lib $j/conf jdk/"),
           needs="javac"),
    Server("Erlang, gen_tcp", "erlang-base",
           ("@DIR@/server.escript", "@PORT@"), {"server.escript": ERLANG},
           build=("chmod", "755", "server.escript"), most=500,
           needs="escript"),
)
