#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# Which rights have commands that run beside a program: commands of options, the
# prober, and calls of users who may use the control socket?

# The shells of hotswap expand the commands.
# shellcheck disable=SC2016

load hostile

setup() {
	hostile_setup
	# What the program's user may do everywhere it may do as we.
	echo mine >root.file
	chmod 600 root.file
}

# tell FILE: print a command that writes its user and rights into ./theirs/FILE.
tell() {
	echo "{ id -u; id -G; echo \$HOME \$USER \$(umask) \$SECRET; pwd;" \
		"grep -E '^Cap(Prm|Eff|Amb)|^NoNewPrivs' /proc/self/status;" \
		"cat '$PWD/root.file' || echo no; } >'$PWD/theirs/$1' 2>&1"
}

# told FILE LINE...: the command has written these lines.
told() {
	until_true grep -qsx -e mine -e no "theirs/$1"
	diff <(tr '\t' ' ' <"theirs/$1" | grep -v ^cat:) \
		<(printf '%s\n' "${@:2}")
}

# told_nobody FILE [DIRECTORY [UMASK]]: it ran as the program's user.
told_nobody() {
	told "$1" 65534 65534 "/nonexistent nobody ${3:-0022}" \
		"${2:-$PWD}" "CapPrm: $NONE" "CapEff: $NONE" "CapAmb: $NONE" \
		"NoNewPrivs: ${4:-0}" no
}

# told_root FILE: it ran with our own rights, in the root directory.
told_root() {
	local caps

	caps=$(sed -n 's/^CapEff:\t//p' /proc/self/status)
	told "$1" 0 "$(id -G)" "$HOME${USER:+ $USER} $(umask) s" / \
		"CapPrm: $caps" "CapEff: $caps" "CapAmb: $NONE" \
		"NoNewPrivs: 0" mine
}

NONE=0000000000000000

@test "commands: check, hook, --ready exec: and --health exec: have the program's rights and nothing more" {
	export SECRET=s
	umask 022
	serve --user nobody --check "$(tell check)" \
		--hook "promoted=$(tell hook)" --ready "exec:$(tell ready)" \
		--health "exec:$(tell health)"
	for file in check ready health hook; do
		told_nobody "$file"
	done
}

@test "commands: they have the program's directory, umask and no_new_privs as well" {
	umask 022
	serve --user nobody --chdir "$PWD/theirs" --umask 077 --no-new-privs \
		--check "$(tell check)" --health "exec:$(tell health)" \
		-- "$PWD/server"
	told_nobody check "$PWD/theirs" 0077 1
	told_nobody health "$PWD/theirs" 0077 1
}

@test "commands: behind a + they have the supervisor's rights" {
	export SECRET=s
	serve --user nobody --no-new-privs --check "+$(tell check)" \
		--hook "promoted=+ $(tell hook)" \
		--ready "exec:+$(tell ready)" --health "exec:+$(tell health)"
	for file in check ready health hook; do
		told_root "$file"
	done
}

@test "commands: one with the supervisor's rights is never what the program has put in its way" {
	printf '#!/bin/sh\ntouch "%s/taken"\n' "$PWD" >theirs/planted
	chmod 755 theirs/planted
	chown nobody theirs/planted
	# A relative one is refused before anything is started.
	for option in '--check=+./planted' '--hook=promoted=+./planted' \
		'--health=exec:+theirs/planted' '--ready=exec:+./planted'; do
		run -64 hotswap run -n web "$option" -- ./server
		[[ $output == *"needs an absolute path"* ]]
	done
	# What the shell looks up is not looked up in the program's directory.
	PATH=.:$PATH serve --user nobody --chdir "$PWD/theirs" \
		--hook 'started=+planted' --hook 'started=+sh ./planted' \
		--hook "promoted=+touch '$PWD/promoted'" -- "$PWD/server"
	until_true test -e promoted
	[ ! -e taken ]
	[ "$(grep -c 'hook started: .*exited with status' run.log)" = 2 ]
	# As the program's user it is the program's own affair.
	hotswap upgrade web --check './planted; id -u >checked'
	[ "$(cat theirs/checked)" = 65534 ]
	[ ! -e taken ]
}

@test "commands: one with the supervisor's rights is not run if the program could change it" {
	install -d -m 755 -o nobody theirs/bin
	printf '#!/bin/sh\ntouch "%s/taken"\n' "$PWD" >theirs/bin/hook
	chmod 755 theirs/bin/hook
	# Root's, but called by a file of the program's as an interpreter.
	printf '#!%s/theirs/bin/hook\n' "$PWD" >script
	printf '#!/bin/sh\ntouch "%s/trusted"\n' "$PWD" >hook
	chmod 755 script hook
	serve --user nobody --hook "promoted=+$PWD/theirs/bin/hook now" \
		--hook "promoted=+$PWD/script" --hook "promoted=+$PWD/hook"
	until_true test -e trusted
	[ ! -e taken ]
	[ "$(grep -c 'cannot be started: cannot trust its program: Operation not permitted: .*belongs to nobody' run.log)" = 2 ]
	run -1 hotswap upgrade web --check "+$PWD/theirs/bin/hook"
	[[ $output == *"cannot trust its program"*"belongs to nobody"* ]]
	[ ! -e taken ]
}

@test "commands: what keeps one from being started is told with its step" {
	mkdir closed
	serve --user nobody --hook 'aborted=true' --chdir "$PWD/closed" \
		-- "$PWD/server"
	chmod 700 closed
	run -1 hotswap upgrade web --check 'exit 0'
	[[ $output == *"the directory $PWD/closed cannot be entered by nobody: Permission denied"* ]]
	until_true grep -q "hook aborted: true: cannot be started: cannot \
enter its directory: Permission denied" run.log
}

# member COMMAND...: run hotswap as a user whom only the control group lets in,
# on a service of root's.
member() {
	setpriv --reuid 65533 --regid 65533 --groups "$GROUP" --no-new-privs \
		env HOTSWAP_RUNTIME_DIR=/proc/self/cwd/run ./hotswap "$@"
}

# serve_members: run the service that members may upgrade.
serve_members() {
	GROUP=$(getent group games | cut -d: -f3)
	cp "$BUILD/bin/hotswap" .
	serve --control-group games
}

# forbidden WORDS COMMAND...: a member's command is refused with this reason.
forbidden() {
	local words=$1

	shift
	run -77 member "$@"
	echo "$output"
	[[ $output == *"--control-group games may not $words"* ]]
	[[ $output == *"only root and the supervisor's own user"* ]]
}

@test "control group: a member can set no option of an upgrade by which anything is run" {
	local value

	serve_members
	for option in $(hotswap upgrade --help |
		sed -nE 's/^ +(-., )?--([a-z-]+).*/\2/p' |
		grep -vxE 'help|name|no-wait|timeout|json|exe'); do
		value=1s
		case $option in
		start-timeout | canary | step-time | sticky | preview | \
			bake | keep | drain-timeout | drain-idle)
			continue
			;;
		check) value="+touch $PWD/taken" ;;
		health | ready) value="exec:touch $PWD/taken" ;;
		strategy) value=exclusive ;;
		health-passes | health-failures | warm-*) value=1 ;;
		warm) value=http://127.0.0.1:1/ ;;
		*signal) value=KILL ;;
		quiet) value= ;;
		esac
		forbidden "set the option \"$option\"" upgrade web \
			"--$option" ${value:+"$value"}
	done
	forbidden 'set the option "health"' upgrade web \
		--health "http://127.0.0.1:$PORT/"
	[ ! -e taken ]
	[ "$(field .active)" = 1 ]
	[ "$(field '.generations | length')" = 1 ]
}

@test "control group: a member can name no program, stop nothing and replace no supervisor" {
	local pid

	serve_members
	pid=$(pid_of 1)
	printf '#!/bin/sh\ntouch "%s/taken"\n' "$PWD" >planted
	chmod 755 planted
	forbidden "name a program" upgrade web -- "$PWD/planted"
	forbidden "name a program" upgrade web -- ./server --other arguments
	forbidden "name a program" upgrade web --exe "$PWD/planted"
	forbidden "stop the service" stop web
	forbidden "stop the service" stop web --now
	forbidden "replace hotswap itself" reexec web
	for signal in KILL TERM INT QUIT STOP SEGV ABRT RTMIN; do
		forbidden "send SIG" signal web "$signal"
	done
	[ ! -e taken ]
	[ "$(pid_of 1)" = "$pid" ]
	[ "$(version)" = v1 ]
}

@test "control group: what is sent to the socket itself is refused to a member as well" {
	serve_members
	cat >ask.py <<-'END'
		import json, socket, sys
		s = socket.socket(socket.AF_UNIX)
		s.connect("run/web.sock")
		s.sendall(sys.argv[1].encode() + b"\0")
		reply = b""
		while not reply.endswith(b"\0"):
		    reply += s.recv(65536)
		print(json.loads(reply[:-1]).get("error"))
	END
	for parameters in \
		'{"options":{"bake":"1s","check":"touch taken"}}' \
		'{"options":{"health":["exec:touch taken"]},"wait":false}' \
		'{"options":{"ready":"exec:touch taken"},"id":"x"}' \
		'{"exe":"/bin/true"}' '{"arguments":["/bin/true"]}'; do
		run -0 setpriv --reuid 65533 --regid 65533 --groups "$GROUP" \
			/usr/bin/python3 - "{\"method\":\
\"org.hotswap.Supervisor.Upgrade\",\"parameters\":$parameters}" <ask.py
		[ "$output" = org.hotswap.Supervisor.NotPermitted ]
	done
	[ "$(field .active)" = 1 ]
}

@test "control group: a member upgrades, takes back and looks" {
	serve_members
	release server v2
	member upgrade web --bake 100ms --keep 1m --canary 50 --step-time 100ms
	[ "$(version)" = v2 ]
	member rollback web
	[ "$(version)" = v1 ]
	member restart web
	member upgrade web --bake 10s --no-wait
	until_true field_is .rollout.state baking
	member promote web
	member signal web USR1
	for command in status history events metrics; do
		member "$command" web >/dev/null
	done
	member wait web --for idle
	# Its owner may do all of it.
	hotswap upgrade web --check "touch $PWD/checked" --health exec:true \
		--bake 100ms
	[ -e checked ]
	hotswap stop web
}

# silent_server: run a server on SILENT that accepts connections and never
# answers.
silent_server() {
	SILENT=$(free_port)
	python3 -c 'import socket, sys, time
s = socket.create_server(("127.0.0.1", int(sys.argv[1])))
open("listens", "w").close()
time.sleep(600)' "$SILENT" 3>&- &
	PIDS+=($!)
	until_true test -e listens
}

# prober_hangs: find the process of an upgrade's check that gets no answer;
# PROBER.
prober_hangs() {
	hotswap upgrade web --health "http://127.0.0.1:$SILENT/" \
		--health-timeout 60s --start-timeout 60s >upgrade 2>&1 3>&- &
	PIDS+=($!)
	until_true found_prober
	until_true grep -q '^Seccomp:[[:space:]]2' "/proc/$PROBER/status"
}

found_prober() {
	PROBER=$(checks_under_way)
}

# prober_is UID: the prober has this user's rights, and almost none of them
# left.
prober_is() {
	tr '\t' ' ' <"/proc/$PROBER/status" >status
	grep -qx "Uid: $1 $1 $1 $1" status
	for set in CapPrm CapEff CapAmb; do
		grep -qx "$set: $NONE" status
	done
	grep -qx 'NoNewPrivs: 1' status
	grep -qx 'Seccomp: 2' status
	grep -q '^Max processes  *0  *0 ' "/proc/$PROBER/limits"
	grep -q '^Max file size  *0  *0 ' "/proc/$PROBER/limits"
	# Standard ones, and sockets: no file, no descriptor of ours.
	run -0 find "/proc/$PROBER/fd" -mindepth 1 -printf '%l\n'
	[ "$(grep -cvE '^(/dev/null|pipe:.*|socket:.*)$' <<<"$output")" = 0 ]
	# Nobody of its user can look into it.
	run ! setpriv --reuid "$1" --regid "$1" --clear-groups \
		cat "/proc/$PROBER/environ"
}

@test "prober: of a program with a user it is that user, and confined" {
	silent_server
	serve --user daemon
	prober_hangs
	prober_is "$(id -u daemon)"
	grep -qx "Groups: $(id -G daemon) " status
	hotswap abort web
}

@test "prober: of a program that is root it is nobody, and confined" {
	silent_server
	serve
	prober_hangs
	prober_is 65534
	grep -qx 'Groups:  *' status
	hotswap abort web
}

# root_socket: run a server in ./closed that only root may reach; it writes into
# ./connected what connects to it.
root_socket() {
	mkdir -m 700 closed
	python3 -c 'import os, socket, struct
os.umask(0o177)
s = socket.socket(socket.AF_UNIX)
s.bind("closed/root.sock")
s.listen(16)
while True:
    c, _ = s.accept()
    with open("connected", "a") as f:
        print(struct.unpack("3i", c.getsockopt(socket.SOL_SOCKET,
            socket.SO_PEERCRED, 12)), file=f)
    c.close()' 3>&- &
	PIDS+=($!)
	until_true test -S closed/root.sock
}

# health_fails: the last check of the active generation has failed.
health_fails() {
	field_is '.generations[-1].health.last' fail
}

# denied: the check of a candidate fails for that, in the time that it has.
denied() {
	run -1 hotswap upgrade web --start-timeout 1s \
		--health "unix:$PWD/closed/root.sock:http:/"
	[[ $output == *"permission denied"* ]]
}

@test "prober: a Unix socket of somebody else's is reached with the program's rights or not at all" {
	root_socket
	serve --user nobody
	until_true denied
	[ ! -e connected ]
}

@test "prober: a Unix socket that is declared is reached where root alone may, and the prober is nobody" {
	mkdir -m 700 closed
	serve --user nobody -l "$PWD/closed/web.sock" \
		--health "unix:$PWD/closed/web.sock:http:/"
	until_true field_is '.generations[-1].health.last' pass
	release server v2
	hotswap upgrade web
	hotswap rollback web
	[ "$(version)" = v1 ]
}

@test "prober: of a program that is root a Unix socket of root's is reached" {
	root_socket
	serve
	hotswap upgrade web --health "unix:$PWD/closed/root.sock"
	until_true grep -qs ', 0, 0)' connected
}

@test "prober: what the program puts in the place of its declared socket is not connected to" {
	local private

	root_socket
	serve --user nobody -l "$PWD/theirs/web.sock" --health-interval 100ms \
		--health "unix:$PWD/theirs/web.sock:http:/"
	for private in theirs/* theirs/.[a-z]*; do
		[ ! -S "$private" ] || ln -sf "$PWD/closed/root.sock" "$private"
	done
	until_true health_fails
	[ ! -e connected ]
}

@test "prober: a name is resolved, a check goes on working by hand and into a file" {
	PORT=$(free_port)
	serve --user nobody --health "http://localhost:$PORT/"
	hotswap probe "http://127.0.0.1:$PORT/" >said
	grep -q '^200 .* in .* ms' said
	hotswap probe "http://localhost:$PORT/"
	run -1 hotswap probe "http://no-such-host.invalid:$PORT/"
	[[ $output == *"cannot be resolved"* ]]
	if getent -s files ahostsv4 "$(uname -n)" | grep -q '^127'; then
		hotswap probe "http://$(uname -n):$PORT/"
	fi
}

@test "hostile: a command whose output hangs holds up nobody" {
	setpriv --reuid=nobody --clear-groups unshare -Urm true 2>/dev/null ||
		skip "takes a user namespace"
	grep -q 'fuse$' /proc/filesystems || skip "takes FUSE"
	mknod fuse c 10 229 && chmod 666 fuse
	install -o nobody /dev/null theirs/file
	install -m 755 "$BUILD/fixtures/hostile_fuse" hostile_fuse
	attacker true
	serve_attacked --start-timeout 1m
	# It is ended when its time has passed, and another one is begun.
	hotswap upgrade web --no-wait --health-timeout 1s --health-failures 100 \
		--health "exec:exec ./hostile_fuse '$PWD/fuse' '$PWD/theirs/file'"
	until_true field_is '.generations[1].health.failures > 1' true
	timeout 60 hotswap status web >/dev/null
	hotswap abort web
	until_true hotswap wait web --for idle
	kill -KILL "$(supervisor)"
	until_true hotswap status web
	unharmed
}
