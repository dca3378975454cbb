# SPDX-License-Identifier: ISC
"""Servers that keep data, and those that stand before them."""

from server import ROOT, Server, talk

PGBOUNCER = """\
[databases]
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = @PORT@
unix_socket_dir =
auth_type = any
admin_users = nobody
stats_users = nobody
ignore_startup_parameters = extra_float_digits
log_connections = 0
log_disconnections = 0
"""

MOSQUITTO = """\
listener @PORT@ 127.0.0.1
allow_anonymous true
persistence false
user @USER@
"""

RABBITMQ = """\
#!/bin/sh
export RABBITMQ_NODENAME=hotswap@localhost RABBITMQ_NODE_IP_ADDRESS=127.0.0.1
export RABBITMQ_NODE_PORT=@PORT@ RABBITMQ_DIST_PORT=@DIST@
export ERL_EPMD_PORT=@BESIDE@ ERL_EPMD_ADDRESS=127.0.0.1
export RABBITMQ_MNESIA_BASE=@DIR@/data RABBITMQ_LOG_BASE=@DIR@/log
export RABBITMQ_ENABLED_PLUGINS_FILE=@DIR@/plugins RABBITMQ_CONF_ENV_FILE=
export HOME=@DIR@
exec /usr/lib/rabbitmq/bin/rabbitmq-server
"""


def message(kind, data):
    """Of PostgreSQL's protocol."""
    return kind + (len(data) + 4).to_bytes(4, "big") + data


def postgresql(database, query):
    """A session, and a query in it."""
    ready = b"Z\0\0\0\5I"
    return talk(
        message(b"Q", query + b"\0"), ready,
        message(b"", b"\0\3\0\0user\0nobody\0database\0" + database +
                b"\0\0"), ready)


DATA = (
    Server("redis-server", "redis-server",
           ("redis-server", "--port", "@PORT@", "--bind", "127.0.0.1",
            "--dir", "@DIR@"), options=("--strategy", "exclusive"),
           why="its data has one owner",
           load=talk(b"INCR n\r\n", b"\r\n"), needs="redis-server"),
    Server("memcached", "memcached",
           ("memcached", "-l", "127.0.0.1", "-p", "@PORT@", "-U", "0", "-u",
            "@USER@"),
           load=talk(b"set key 0 0 5\r\nvalue\r\n", b"STORED\r\n"),
           needs="memcached"),
    Server("postgres", "postgresql-15",
           ("@DIR@/pg/bin/postgres", "-D", "@DIR@/data", "-p", "@PORT@", "-c",
            "listen_addresses=127.0.0.1", "-c",
            "unix_socket_directories="),
           options=("--strategy", "exclusive", "--stop-signal", "INT"),
           why="its data has one owner; SIGTERM waits for clients",
           cannot={ROOT: "it refuses to run as root"},
           fails=("truncated",
                  "whoever comes while it reads its data is told so, and cut "
                  "off"),
           # It looks for its files from where its own file is.
           build=("sh", "-ec",
                  "p=$(dirname $(dirname $(ls /usr/lib/postgresql/*/bin/"
                  "postgres | tail -1))); mkdir -p pg/bin; cp $p/bin/postgres"
                  " pg/bin; ln -s $p/lib pg/lib; mkdir -p pg/share;"
                  " ln -s /usr/share/postgresql/$(basename $p)/* pg/share"),
           setup=(("initdb", "-D", "data", "-U", "nobody", "-A", "trust",
                   "--no-sync", "--no-instructions"),),
           load=postgresql(b"postgres", b"SELECT 1"), most=100,
           upgrades=2, needs="postgres"),
    Server("pgbouncer", "pgbouncer",
           ("pgbouncer", "@DIR@/pgbouncer.ini"),
           {"pgbouncer.ini": PGBOUNCER}, ("--stop-signal", "INT"),
           why="SIGTERM cuts connections",
           cannot={ROOT: "it refuses to run as root"},
           load=postgresql(b"pgbouncer", b"SHOW VERSION"), most=500,
           needs="pgbouncer"),
    Server("etcd", "etcd-server",
           ("etcd", "--data-dir", "@DIR@/data", "--listen-client-urls",
            "http://127.0.0.1:@PORT@", "--advertise-client-urls",
            "http://127.0.0.1:@PORT@", "--listen-peer-urls",
            "http://127.0.0.1:@PEER@", "--initial-advertise-peer-urls",
            "http://127.0.0.1:@PEER@", "--initial-cluster",
            "default=http://127.0.0.1:@PEER@"),
           options=("--strategy", "exclusive"), why="its data has one owner",
           load=("--path", "/version"), most=200, upgrades=2, needs="etcd"),
    Server("prometheus", "prometheus",
           ("prometheus", "--config.file=@DIR@/prometheus.yml",
            "--storage.tsdb.path=@DIR@/data",
            "--web.listen-address=127.0.0.1:@PORT@"),
           {"prometheus.yml": "scrape_configs: []\n"},
           ("--strategy", "exclusive"),
           why="its data has one owner; it answers before it has read them",
           load=("--path", "/-/healthy"), most=300, upgrades=2,
           needs="prometheus"),
    Server("mosquitto (MQTT)", "mosquitto",
           ("mosquitto", "-c", "@DIR@/mosquitto.conf"),
           {"mosquitto.conf": MOSQUITTO},
           load=talk(b"\x32\x06\0\1t\0\1x", b"\x40\2\0\1",
                     b"\x10\x0c\0\4MQTT\4\2\0\x3c\0\0",
                     b"\x20\2\0\0"),
           most=500, needs="mosquitto"),
    Server("RabbitMQ (Erlang)", "rabbitmq-server",
           ("@DIR@/rabbitmq-server",), {"rabbitmq-server": RABBITMQ, "plugins": "[].\n"},
           build=("chmod", "755", "rabbitmq-server"),
           options=("--strategy", "exclusive", "--ready", "notify"),
           why="its data has one owner; it listens for other nodes first",
           beside=(("epmd", "-port", "@BESIDE@", "-address", "127.0.0.1"),),
           load=("--timeout", "20s",
                 *talk(b"AMQP\0\0\x09\x01", b"\xce")), kept=0, most=50,
           upgrades=1, needs="rabbitmq-server"),
)
