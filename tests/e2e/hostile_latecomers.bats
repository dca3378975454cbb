#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# An attacker has taken over a program while it served.  It must not keep the
# next version out by listening at an address where the next version does not.

load hostile

setup() {
	hostile_setup
}

@test "hostile: a version that binds more and more ports once it serves is replaced all the same" {
	cat >program.py <<-'END'
		# Bind what can be bound, for as long as it lasts.
		import os, socket, sys, time
		while not os.path.exists("go"):
		    time.sleep(0.02)
		kept = []
		def tell(text):
		    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
		    s.sendto(text, os.environ["NOTIFY_SOCKET"])
		tell(b"RELOADING=1\nMONOTONIC_USEC=1")
		for n in range(200):
		    s = socket.socket()
		    if n % 2:
		        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
		    for port in range(20000 + 40 * n, 20040 + 40 * n):
		        try:
		            s.bind(("127.0.0.1", port))
		            break
		        except OSError:
		            pass
		    s.listen()
		    kept.append(s)
		for n in range(8):
		    s = socket.socket(socket.AF_UNIX)
		    s.bind(f"more.{n}" if n % 2 else f"\0more.{os.getpid()}.{n}")
		    s.listen()
		    kept.append(s)
		tell(b"READY=1")
		print("bound", len(kept), flush=True)
		time.sleep(300)
	END
	attacker "exec python3 '$PWD/program.py'"
	serve_attacked
	until_true field_is '.generations[0].settled' true
	touch theirs/go
	until_true said "bound 208"
	[ "$(field '.listeners | length')" = 1 ]
	[ "$(field '.generations[0].own_addresses | length')" -ge 40 ]
	unharmed
}
