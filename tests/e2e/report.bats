#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# hotswap report: does the page about a rollout say what happened, whatever
# happened, and is what programs say only text in it?

load helper

# report ARGUMENTS...: make page.html of a rollout of web, see that it is valid
# and loads nothing, and leave its text, a line for each element, in page.txt.
report() {
	hotswap report web "$@" -o page.html
	is_page page.html
	tr '\n' ' ' <page.html | sed 's/<style>.*<\/style>//; s/<[^>]*>/\n/g' |
		sed 's/^ *//; s/ *$//; /^$/d' >page.txt
}

# is_page FILE: tidy finds nothing to say about it, and it has no script.
is_page() {
	tidy -quiet -errors "$1" 2>tidy.txt
	[ ! -s tidy.txt ] || {
		cat tidy.txt
		return 1
	}
	if grep -i -E '<(script|iframe|object|link|img|a)[ >]|href=|src="|url\(' \
		"$1"; then
		return 1
	fi
	if grep -E '<[^>]* on[a-z]+=' "$1"; then
		return 1
	fi
	grep -q "default-src 'none'" "$1"
}

# says LINE...: the page has each of these lines of text.
says() {
	local line

	for line in "$@"; do
		grep -qxF -e "$line" page.txt || {
			echo "not in the page: $line"
			cat page.txt
			return 1
		}
	done
}

# phases: print the names of the phases in the table, in their order.
phases() {
	sed -n '/>Phases<\/h3>/,/<\/table>/p' page.html |
		sed -n 's/^<tr><td class="t">\([^<]*\)<.*/\1/p' | tr '\n' ' '
}

# bars KIND: print how many bars of this kind the time line has.
bars() {
	grep -c "<rect class=\"$1[ \"]" page.html || true
}

@test "report: a canary that is promoted, with its shares, checks and who asked" {
	serve
	release server v2
	hotswap upgrade web --canary 20,50 --step-time 300ms \
		--health "http://127.0.0.1:$PORT/health"
	report
	says 'web: generation 1 → 2' Promoted 'Generation 2 serves.'
	says "$(id -un) (control socket)" "upgrade: by $(id -un) (control socket)"
	says '20, 50 % for 300 ms each, then 100 %, bake time 200 ms'
	[ "$(phases)" = 'resolve start check shift 20 % shift 50 % bake ' ]
	[ "$(bars shift)" -eq 2 ]
	[ "$(bars bake)" -eq 1 ]
	says '20 % of the new connections'
	grep -q '^All [0-9]* checks passed' page.txt
	says "http://127.0.0.1:$PORT/health"
	grep -q '^200 .* from 127\.83\.0\.2$' page.txt
	says 'generation 2: gets 50 % of the new connections' \
		'generation 2: serves'
	says "$PWD/server" "$(sha256sum server | cut -c1-12)"
}

# given N: print how many connections generation N was given.
given() {
	generation "$1" .given
}

# is_given_more N BEFORE
is_given_more() {
	[ "$(given "$1")" -gt "$2" ]
}

@test "report: the kernel's counters say what each generation was given" {
	serve
	[ "$(field .steering.bpf)" = ebpf ] ||
		skip 'eBPF does not choose here'
	release server v2
	load_begin --rate 200
	hotswap upgrade web --no-wait --canary 50 --step-time 1h
	until_true has_met v2
	given=$(given 1)
	until_true is_given_more 1 "$given"
	hotswap split web 100
	given=$(given 2)
	until_true is_given_more 2 "$given"
	hotswap promote web
	load_end
	report
	says 'Connections by generation' 'Generation 1' 'Generation 2'
	# Both have got some at 50 %, and the old one none at 100 %.
	tr '\n' ' ' <page.html | grep -oE \
		'Share">[0-9]+ %</td><td class="n" data-label="Old">[0-9,]+<' \
		>counted.txt
	[ "$(wc -l <counted.txt)" -eq 2 ]
	sed -n 1p counted.txt | grep -E 'Share">50 %.*Old">[1-9]'
	sed -n 2p counted.txt | grep -E 'Share">100 %.*Old">[0-9]<'
}

# answered STATUS OPTIONS...: a candidate is refused for this answer to its check,
# which a busy machine may have no time for.
answered() {
	expect 1 hotswap upgrade web --start-timeout 1s "${@:2}" &&
		hotswap history web | tail -n 1 | grep "answered $1"
}

@test "report: a candidate that fails its check is aborted, and each answer is told" {
	serve --health-interval 50ms --health-failures 3
	release server v2 --answer 503
	until_true answered 503 --health "http://127.0.0.1:$PORT/"
	report
	says Aborted 'Why it was aborted' 'Generation 1 serves.'
	grep -E '^([0-9]+) made, \1 failed\.' page.txt
	[ "$(phases)" = 'resolve start check ' ]
	grep -q 'class="t bad" data-label="Result">failed' page.html
	grep -q 503 page.txt
	grep -q '<rect class="bad"' page.html
}

@test "report: a candidate that ends in its bake is taken back, with its exit status" {
	serve
	release server v2 --exit 3 --die-after-requests 1
	hotswap upgrade web --bake 1h 2>err 3>&- &
	until_true grep -q "gets 100 %" err
	until_true is_version v1
	expect 1 wait $!
	report
	says 'Taken back' 'Why it was taken back' 'Generation 1 serves.'
	grep -q '^the program exited with status 3' page.txt
	[ "$(phases)" = 'resolve start check bake ' ]
}

@test "report: a rollback and its kind, and the rollout before by generation or time" {
	serve
	hotswap upgrade web
	hotswap rollback web
	report
	says 'web: generation 2 → 1' 'Rolled back' rollback 'Generation 1 serves.'
	report 2
	says 'web: generation 1 → 2' Promoted
	report "$(hotswap history web --json | gojq -r -s '.[0].started')"
	says 'web: generation 1 → 2' Promoted
	run -2 hotswap report web 7 -o none.html
	[[ $output == *'no such rollout is known'* ]]
	[ ! -e none.html ]
}

@test "report: who has aborted it, and a rollout under way as far as it is" {
	serve
	hotswap upgrade web --canary 10 --step-time 10m --no-wait
	until_true hotswap split web 30
	until_true field_is .rollout.share 30
	report
	says 'Under way' \
		'Generation 1 serves; the rollout is shifting, in the phase “shift”.'
	[ "$(phases)" = 'resolve start check shift 10 % shift 30 % ' ]
	says "split 30: by $(id -un) (control socket)"
	run -2 hotswap upgrade web
	hotswap abort web || true
	report
	says 'Taken back' 'aborted on request' \
		"abort: by $(id -un) (control socket)"
	[ "$(phases)" = 'resolve start check shift 10 % shift 30 % ' ]
}

@test "report: an exclusive rollout, with the pause that users had" {
	serve --strategy exclusive
	release server v2
	hotswap upgrade web
	report
	says Promoted
	[ "$(phases)" = 'resolve stop start check pause bake ' ]
	[ "$(bars pause)" -eq 1 ]
	[ "$(bars stop)" -eq 1 ]
}

@test "report: a signal, and what a supervisor that was killed has seen" {
	serve
	kill -USR2 "$SUPERVISOR"
	until_true field_is .active 2
	until_true hotswap wait web --for idle
	report
	says "upgrade: by $(id -un) (SIGUSR2)"
	hotswap upgrade web --canary 10 --step-time 10m --no-wait
	until_true field_is .rollout.share 10
	kill -KILL "$(supervisor)"
	until_true hotswap wait web --for idle
	until_true grep -q before state/web/history
	report
	says 'Taken back' "upgrade: by $(id -un) (control socket)" \
		'generation 3: gets 10 % of the new connections'
}

@test "report: a rollout goes on after a reexec, and so does what is known of it" {
	serve
	hotswap upgrade web --canary 10 --step-time 10m --no-wait \
		--health "http://127.0.0.1:$PORT/"
	until_true field_is .rollout.share 10
	hotswap reexec web
	hotswap promote web
	report
	says Promoted "upgrade: by $(id -un) (control socket)" \
		"promote: by $(id -un) (control socket)" \
		'generation 2: gets 10 % of the new connections' \
		'10 % for 10 min each, then 100 %, bake time 200 ms'
	grep -q '^200 ' page.txt
	[[ $(phases) == 'resolve start check shift 10 %'* ]]
}

@test "report: of a service that does not run, and of one that has kept only outcomes" {
	serve
	hotswap upgrade web
	hotswap stop web
	report
	says 'web: generation 1 → 2' Promoted 'not known'
	rm state/web/rollouts
	report
	says 'web: generation 1 → 2' Promoted
	grep -q '^Only the outcome of this rollout is kept' page.txt
	[ "$(phases)" = 'resolve start check bake ' ]
	run -69 hotswap report never -o none.html
	run -2 hotswap report web 9 -o none.html
	[ ! -e none.html ]
}

@test "report: what a hostile server answers, and each text of a file, is only text" {
	local evil='</code></td><script>alert(1)</script><img src=x onerror=alert(1)>&"'\'

	cat >answers <<'END'
#!/usr/bin/env python3
import http.server, signal, socket
signal.alarm(300)
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200, "</td><script>alert(1)</script>")
        self.end_headers()
    def log_message(self, *arguments):
        pass
server = http.server.HTTPServer(("127.0.0.1", 0), Handler, False)
server.socket = socket.socket(fileno=3)
server.serve_forever()
END
	chmod +x answers
	serve -- ./answers
	hotswap upgrade web --health "http://127.0.0.1:$PORT/"
	report
	grep -F '&lt;/td&gt;&lt;script&gt;alert(1)' page.html
	hotswap stop web --now
	mkdir -p state/evil
	gojq -n -c --arg x "$evil" '{result: $x, name: $x, from: 1, to: 2,
	    serves: 2, reason: $x, started: $x, duration_ms: 5, id: $x,
	    phases: [{phase: $x, ms: 5}], hotswap: $x, counted: true,
	    asked: [{at: 0, what: $x, how: $x}],
	    plan: {kind: $x, strategy: $x, health: [$x]},
	    events: [{event: $x, time: $x, message: $x}],
	    checks: [{at: 1, ms: 1, check: 0, passed: false, answer: $x}],
	    counts: [{at: 1, from: 1, to: 1}, {at: 2, from: 3, to: 3}],
	    images: [{generation: 1, program: $x, sha256: $x, started: $x}]}' \
		>state/evil/rollouts
	# What is no text at all, and what is out of all bounds.
	gojq -n -c '{result: 1, name: [], started: {}, phases: [{phase: 1}, 2, {
	    phase: "shift", ms: -5, share: 1e9}], checks: [{check: -1, at: -9,
	    ms: -1}, {check: 99999, ms: 9e15}, 3], events: [4, {time: 5}],
	    asked: [6, {uid: -1, how: 7}], counts: [8, 9], plan: {},
	    duration_ms: -1}' >state/evil/odd
	hotswap report evil -o evil.html
	is_page evil.html
	mv state/evil/odd state/evil/rollouts
	hotswap report evil -o odd.html
	is_page odd.html
}

@test "report: a password in a URL and the arguments of a command are not shown" {
	serve
	until_true answered 404 --health "exec:true secret1" \
		--health "http://127.0.0.1:$PORT/x?token=secret2"
	grep secret2 state/web/history
	report
	says exec:true "http://127.0.0.1:$PORT/x"
	grep "127.0.0.1:$PORT/x: answered 404" page.txt
	run -1 grep secret page.html
}

@test "report: the file is written whole or not at all" {
	serve
	hotswap upgrade web
	echo before >page
	chmod 640 page
	ln -s page link
	# Not more than 1 KB can be written here.
	run -70 bash -c 'trap "" XFSZ; ulimit -f 1; hotswap report web -o page'
	[[ $output == *'page: the report cannot be written: File too large'*'unchanged'* ]]
	[ "$(cat page)" = before ]
	[ "$(echo page*)" = page ]
	run -70 hotswap report web -o /dev/full
	[[ $output == *'/dev/full: the report cannot be written: No space left'* ]]
	# A link stays, and what it leads to gets the page, with the same mode.
	hotswap report web -o link
	[ -L link ]
	is_page page
	[ "$(stat -c %a page)" = 640 ]
	hotswap report web -o /dev/null
	[ -c /dev/null ]
	run -64 hotswap report web -o .
	[[ $output == *'is a directory'* ]]
	run -70 hotswap report web -o none/page
	[[ $output == *'No such file or directory'* ]]
	run -64 hotswap report web -o ''
}

@test "report: it is printed where that was asked for, and not onto a terminal" {
	serve
	run -2 hotswap report web
	[[ $output == *'there was no rollout yet'* ]]
	hotswap upgrade web
	hotswap report >one.html
	hotswap report web -o - >two.html
	hotswap report -n web -o /dev/stdout >three.html
	for file in one two three; do
		is_page "$file.html"
	done
	hotswap report --name web 2 >two.html
	run -64 "$BATS_TEST_DIRNAME/terminal.py" 80x24 hotswap report web
	grep -q 'name a file with -o' screen
}
