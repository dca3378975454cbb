#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# The table of servers in README.md: its rows are made one by one.

# write NAME ROLLBACK: put the server's row into the file, as after a campaign.
write() {
	python3 - "$BATS_TEST_DIRNAME/../compat" "$@" <<-'END'
		import sys
		sys.dont_write_bytecode = True
		sys.path.insert(0, sys.argv[1])
		import table
		from servers import SERVERS
		server = next(s for s in SERVERS if s.name == sys.argv[2])
		calm = dict.fromkeys(table.FAILURES, 0)
		results = [{"user": who, "backend": "seccomp", "rate": 10,
		            "requests": 100, "problems": [],
		            "phases": {name: calm for name, _ in table.PHASES}}
		           for who in ("root", "ordinary")]
		results[1]["phases"] = dict(results[1]["phases"],
		                            rollback=dict(calm, reset=int(sys.argv[3])))
		table.write("readme", SERVERS, [(server, results)])
	END
}

rows() {
	sed -n '/<!-- compat -->/,/<!-- \/compat -->/p' readme | grep -c '^| [^-s]'
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	printf '%s\n' before '<!-- compat -->' '| old | table |' \
		'<!-- /compat -->' after >readme
}

@test "compat: the row of a server that was tried is put into the table, and the others stay" {
	write "node, ws (WebSocket)" 0
	write "C, static" 0
	write "node, express" 3
	[ "$(rows)" = 3 ]
	grep -q '^| node, express 4.* | 200 | 0 | 0; ordinary: 3 reset | 0 | 0 | 0 |$' readme
	write "node, express" 0
	[ "$(rows)" = 3 ]
	run grep -q 'reset\|old' readme
	[ "$status" = 1 ]
	# In the order of the table of servers.
	[ "$(grep -n '^| C, static' readme | cut -d: -f1)" -lt \
		"$(grep -n '^| node, express' readme | cut -d: -f1)" ]
	[ "$(head -n 1 readme) $(tail -n 1 readme)" = "before after" ]
}
