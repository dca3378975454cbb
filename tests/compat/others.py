# SPDX-License-Identifier: ISC
"""Name servers, mail, files, shells."""

from server import BELOW, ORDINARY, Server, talk

# One question for the address of a name, as RFC 1035 writes it.
QUESTION = (b"\x12\x34\1\0\0\1\0\0\0\0\0\0"
            b"\4test\7example\0\0\1\0\1")

ZONE = """\
$TTL 60
@ IN SOA ns.example. root.example. 1 3600 600 86400 60
@ IN NS ns.example.
ns IN A 192.0.2.2
test IN A 192.0.2.1
"""

UNBOUND = """\
server:
    interface: 127.0.0.1
    port: @PORT@
    username: ""
    chroot: ""
    directory: "@DIR@"
    pidfile: ""
    use-syslog: no
    local-zone: "example." static
    local-data: "test.example. IN A 192.0.2.1"
remote-control:
    control-enable: no
"""

NAMED = """\
options {
    directory "@DIR@";
    listen-on port @PORT@ { 127.0.0.1; };
    listen-on-v6 { none; };
    pid-file none;
    session-keyfile "@DIR@/session.key";
    managed-keys-directory "@DIR@";
    recursion no;
    dnssec-validation no;
};
controls { };
zone "example" { type primary; file "@DIR@/example.zone"; };
"""

NSD = """\
server:
    ip-address: 127.0.0.1@@PORT@
    username: ""
    chroot: ""
    zonesdir: "@DIR@"
    pidfile: ""
    database: ""
    rrl-ratelimit: 0
    zonelistfile: "@DIR@/zone.list"
    xfrdfile: "@DIR@/xfrd.state"
    xfrdir: "@DIR@/tmp"
    cookie-secret-file: ""
remote-control:
    control-enable: no
zone:
    name: "example"
    zonefile: "example.zone"
"""

SMTPD = """\
listen on 127.0.0.1 port @PORT@ hostname localhost
action nowhere relay
match from local for any action nowhere
"""

DOVECOT = """\
protocols = imap
listen = 127.0.0.1
ssl = no
log_path = /dev/stderr
default_internal_user = nobody
default_login_user = nobody
default_internal_group = nogroup
state_dir = @DIR@/state
service anvil {
  chroot =
}
service imap-login {
  chroot =
  process_min_avail = 4
  client_limit = 1000
  service_count = 0
  inet_listener imap {
    port = @PORT@
  }
  inet_listener imaps {
    port = 0
  }
}
passdb {
  driver = static
  args = nopassword=y
}
userdb {
  driver = static
  args = uid=nobody gid=nogroup home=@DIR@/mail
}
"""

VSFTPD = """\
listen=YES
listen_address=127.0.0.1
listen_port=@PORT@
background=NO
anonymous_enable=YES
anon_root=@DIR@/www
run_as_launching_user=YES
ftp_username=@USER@
nopriv_user=@USER@
secure_chroot_dir=@DIR@/tmp
seccomp_sandbox=NO
max_clients=0
"""

SSHD = """\
ListenAddress 127.0.0.1:@PORT@
HostKey @DIR@/host_key
PidFile none
MaxStartups 1000
PerSourceMaxStartups none
UsePAM no
"""


ITS_ROOTS = "its processes change their root directory, as root alone may"


def dns(name, package, command, files=None, **more):
    return Server(name, package, command, files or {},
                  target="udp:127.0.0.1:@PORT@",
                  load=talk(QUESTION, b"")[:2], needs=command[0], **more)


OTHERS = (
    dns("dnsmasq (UDP)", "dnsmasq-base",
        ("dnsmasq", "--keep-in-foreground", "--conf-file=/dev/null",
         "--port=@PORT@", "--listen-address=127.0.0.1", "--bind-interfaces",
         "--no-resolv", "--no-hosts", "--address=/test.example/192.0.2.1",
         "--user=", "--pid-file=@DIR@/dnsmasq.{generation}.pid")),
    dns("unbound (UDP)", "unbound",
        ("unbound", "-d", "-c", "@DIR@/unbound.conf"),
        {"unbound.conf": UNBOUND}),
    dns("bind9 (UDP)", "bind9",
        ("named", "-f", "-c", "@DIR@/named.conf"),
        {"named.conf": NAMED, "example.zone": ZONE}),
    # More would not find room in its sockets while it starts again.
    dns("nsd (UDP)", "nsd", ("nsd", "-d", "-c", "@DIR@/nsd.conf"),
        {"nsd.conf": NSD, "example.zone": ZONE}, most=300),
    Server("opensmtpd", "opensmtpd",
           ("smtpd", "-d", "-f", "@DIR@/smtpd.conf"), {"smtpd.conf": SMTPD},
           cannot={ORDINARY: "it starts as root alone",
                   BELOW: "it starts as root alone"},
           options=("--strategy", "exclusive"),
           why="its control socket and queue have one owner; it hangs by itself "
           "where 15 clients come at once",
           load=talk(b"NOOP\r\n", b"\r\n", None, b"\r\n"), kept=0, most=4,
           needs="smtpd"),
    Server("dovecot (IMAP)", "dovecot-core",
           ("dovecot", "-F", "-c", "@DIR@/dovecot.conf", "-o",
            "base_dir=@DIR@/run.{generation}"),
           {"dovecot.conf": DOVECOT, "state/empty": "", "mail/empty": ""},
           cannot={ORDINARY: ITS_ROOTS, BELOW: ITS_ROOTS},
           load=talk(b"a NOOP\r\n", b"completed.\r\n", None, b"\r\n"),
           again="it executes its file again", most=100, needs="dovecot"),
    Server("vsftpd", "vsftpd", ("vsftpd", "@DIR@/vsftpd.conf"),
           {"vsftpd.conf": VSFTPD},
           load=talk(b"USER anonymous\r\n", b"\r\n", None, b"\r\n"),
           most=100, needs="vsftpd"),
    Server("pyftpdlib, passive ports", "python3-pyftpdlib",
           ("/usr/bin/python3", "-m", "pyftpdlib", "-i", "127.0.0.1", "-p", "@PORT@",
            "-d", "@DIR@/www"),
           load=talk(b"PASV\r\n", b").\r\n",
                     b"USER anonymous\r\nPASS a\r\n",
                     b"230 Login successful.\r\n"),
           most=50, needs="python3"),
    Server("openssh", "openssh-server",
           ("sshd", "-D", "-e", "-f", "@DIR@/sshd_config"),
           {"sshd_config": SSHD},
           setup=(("sh", "-ec", "[ $(id -u) != 0 ] || mkdir -p /run/sshd"),
                  ("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f",
                   "host_key")),
           load=talk(b"SSH-2.0-load\r\n", bytes(9), None, b"\r\n"),
           kept=0, most=50, needs="sshd"),
    Server("dropbear", "dropbear-bin",
           ("dropbear", "-F", "-E", "-p", "127.0.0.1:@PORT@", "-r",
            "@DIR@/host_key", "-P", ""),
           setup=(("dropbearkey", "-t", "ed25519", "-f", "host_key"),),
           load=("--anywhere", *talk(b"SSH-2.0-load\r\n", b"curve25519")),
           kept=0, most=50, needs="dropbear"),
)
