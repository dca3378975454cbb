#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# The supervisor is replaced by another build, and nobody notices.

load helper

# Two builds of different versions, installed one after the other in the place
# from which the supervisor is started.

# place NAME: install this build as bin/hotswap, as an installation does.
place() {
	case $1 in
	first) cp "$BUILD/bin/hotswap" bin/hotswap.new ;;
	other) cp "$BUILD/other/hotswap" bin/hotswap.new ;;
	esac
	mv bin/hotswap.new bin/hotswap
}

install_here() {
	mkdir -p bin lib
	cp "$BUILD/bin/hotswap-probe" bin/
	cp "$BUILD"/lib/*.so lib/
	place first
	PATH=$PWD/bin:$PATH
}

# impostor NAME: install a binary that fails in the way of this name.
impostor() {
	cp "$BUILD/fixtures/impostor" "$1"
}

# running: print the supervisor's version.
running() {
	field .version
}

# is_other: the supervisor and the keeper are the other build.
is_other() {
	[[ $(running) == *-other ]] &&
		cmp -s "/proc/$SUPERVISOR/exe" "$BUILD/other/hotswap" &&
		cmp -s "/proc/$(supervisor)/exe" "$BUILD/other/hotswap"
}

# is_first: both are the first build.
is_first() {
	[[ $(running) != *-other ]] &&
		cmp -s "/proc/$SUPERVISOR/exe" "$BUILD/bin/hotswap" &&
		cmp -s "/proc/$(supervisor)/exe" "$BUILD/bin/hotswap"
}

# descriptors PID
descriptors() {
	find "/proc/$1/fd" -type l | wc -l
}

# has_at_most N: the supervisor has at most N descriptors.
has_at_most() {
	[ "$(descriptors "$(supervisor)")" -le "$1" ]
}

# ended PID
ended() {
	! kill -0 "$1" 2>/dev/null
}

# has_settled: supervisor and keeper have as many descriptors as at the last
# look.
has_settled() {
	local now

	now="$(descriptors "$(supervisor)") $(descriptors "$SUPERVISOR")"
	[ "$now" = "${SEEN:-}" ] || {
		SEEN=$now
		return 1
	}
}

# private PID: print the KiB that no other process shares.
private() {
	awk '/^Private/ { n += $2 } END { print n }' "/proc/$1/smaps_rollup"
}

@test "reexec: another build takes over, with the same PID, arguments and program" {
	install_here
	serve
	program=$(pid_of 1)
	arguments=$(tr '\0' ' ' <"/proc/$SUPERVISOR/cmdline")
	place other
	hotswap reexec web
	is_other
	[ "$(field .pid)" = "$SUPERVISOR" ]
	[ "$(tr '\0' ' ' <"/proc/$SUPERVISOR/cmdline")" = "$arguments" ]
	[ "$(pid_of 1)" = "$program" ]
	is_version v1
	release server v2
	hotswap upgrade web
	is_version v2
	hotswap rollback web
	is_version v1
}

@test "reexec again and again under load: no request fails, nothing is left behind" {
	install_here
	serve
	for build in other first; do
		place $build
		hotswap reexec web
	done
	until_true has_settled
	own=$(descriptors "$(supervisor)") keeper=$(descriptors "$SUPERVISOR")
	own_memory=$(private "$(supervisor)") keeper_memory=$(private "$SUPERVISOR")
	load_begin --rate 1000 --kept 8
	for _ in $(seq "${REEXECS:-5}"); do
		for build in other first; do
			place $build
			hotswap reexec web
			is_$build
		done
	done
	load_end
	[ "$(field .pid)" = "$SUPERVISOR" ]
	until_true has_at_most "$own"
	[ "$(descriptors "$SUPERVISOR")" -le "$keeper" ]
	# Memory that a page more or less makes no difference to.
	[ "$(private "$(supervisor)")" -le $((own_memory + 300)) ]
	[ "$(private "$SUPERVISOR")" -le $((keeper_memory + 300)) ]
	hotswap stop web
	expect 0 wait "$SUPERVISOR"
}

@test "reexec without a new file: the same build takes over" {
	install_here
	serve
	before=$(supervisor)
	hotswap reexec web
	is_first
	[ "$(supervisor)" != "$before" ]
}

@test "reexec --exe: a file elsewhere, which is looked up from then on" {
	install_here
	serve
	mkdir elsewhere
	cp -r bin/hotswap-probe "$BUILD/other/hotswap" elsewhere/
	hotswap reexec web --exe elsewhere/hotswap
	is_other
	cp "$BUILD/bin/hotswap" elsewhere/new
	mv elsewhere/new elsewhere/hotswap
	hotswap reexec web
	is_first
}

@test "reexec through a symbolic link: where it leads to now" {
	mkdir -p a/bin b/bin
	cp "$BUILD"/bin/* a/bin
	cp "$BUILD/bin/hotswap-probe" "$BUILD/other/hotswap" b/bin
	ln -s a current
	PATH=$PWD/current/bin:$PATH
	serve
	ln -sfn b current
	hotswap reexec web
	is_other
}

# refuses STATUS PATTERN [OPTIONS...]: reexec is refused with this status and
# reason, and changes nothing.
refuses() {
	local before after status=$1 pattern=$2

	shift 2
	before=$(supervisor)
	expect "$status" hotswap reexec web "$@" 2>err
	cat err
	grep -q -e "$pattern" err
	after=$(supervisor)
	is_first
	[ "$status" -ne 2 ] || [ "$before" = "$after" ]
	is_version v1
	hotswap events web | grep -q '"reexec-failed"'
}

@test "reexec refuses what is no hotswap, crashes or says nothing" {
	install_here
	serve
	refuses 2 "is not hotswap" --exe /bin/true
	impostor crash
	refuses 2 "killed by SIGABRT" --exe crash
	impostor mute
	refuses 2 "is not hotswap" --exe mute
	refuses 2 "cannot take over.*status" --exe /bin/ls
}

@test "reexec refuses what hangs" {
	install_here
	serve
	impostor hang
	refuses 2 "did not end within 5 s" --exe hang
}

@test "reexec refuses a file that cannot be executed, is a script or is not there" {
	install_here
	serve
	printf '#!/bin/sh\nexec %s "$@"\n' "$BUILD/bin/hotswap" >script
	chmod 755 script
	refuses 2 "not a program file" --exe script
	cp "$BUILD/other/hotswap" plain
	chmod 644 plain
	refuses 2 "not executable\|Permission denied" --exe plain
	refuses 2 "No such file\|does not exist" --exe nowhere
	head -c 20000 "$BUILD/other/hotswap" >"cut"
	chmod 755 cut
	refuses 2 "truncated" --exe cut
	rm bin/hotswap
	PATH=$BUILD/bin:$PATH
	refuses 2 "bin/hotswap"
}

@test "reexec refuses a file that others can write, when root" {
	[ "$(id -u)" = 0 ] || skip "needs root"
	install_here
	serve
	cp "$BUILD/other/hotswap" open
	chmod 777 open
	refuses 2 "writable by everybody" --exe open
}

@test "an examined checkpoint of a later version, or torn, is refused with the reason" {
	checkpoint() {
		python3 - "$1" >"$2" <<-'END'
			import hashlib, sys
			text = sys.argv[1].encode()
			print("hotswap-checkpoint 1 %d %s" % (
			    len(text), hashlib.sha256(text).hexdigest()))
			sys.stdout.flush()
			sys.stdout.buffer.write(text)
		END
	}
	checkpoint '{"version": 99}' later
	expect 1 hotswap --examine later >out
	grep -q "version 99" out
	head -c 70 later >torn
	expect 1 hotswap --examine torn >out
	grep -q "torn" out
	checkpoint '{"version": 1, "options": {"name": "web", "nonsense": 1}}' later
	expect 1 hotswap --examine later >out
	grep -q "nonsense\|options" out
	checkpoint '{"version": 1, "options": {"name": "web"}}' empty
	expect 1 hotswap --examine empty >out
	grep -q "cannot be used" out
}

@test "reexec to what passes the examination and crashes: back to the old build" {
	install_here
	serve
	impostor crash-later
	refuses 1 'did not start (signal 6)' --exe crash-later
	release server v2
	hotswap upgrade web
	place other
	hotswap reexec web
	is_other
}

@test "reexec to what passes the examination and hangs: back to the old build" {
	install_here
	serve
	impostor hang-later
	refuses 1 "did not start (signal 9)" --exe hang-later
}

@test "reexec in the bake: it goes on, and can still be taken back" {
	install_here
	serve --bake 60s
	release server v2
	hotswap upgrade web --no-wait
	until_true is_version v2
	place other
	hotswap reexec web
	is_other
	[ "$(field .rollout.state)" = baking ]
	kill -KILL "$(pid_of 2)"
	until_true is_version v1
	hotswap history web --json >history
	[ "$(field .result history)" = rolled-back ]
}

@test "reexec in a canary: its step goes on with what is left of its time" {
	install_here
	serve --canary 30,60 --step-time 20s
	release server v2
	hotswap upgrade web >upgrade.log 2>&1 3>&- &
	upgrade=$!
	share() { field .rollout.share; }
	is_share() { [ "$(share)" = "$1" ]; }
	until_true is_share 30
	left=$(field .rollout.left_ms)
	place other
	hotswap reexec web
	is_other
	is_share 30
	[ "$(field .rollout.left_ms)" -le "$left" ]
	until_true is_share 60
	place first
	hotswap reexec web
	is_share 60
	hotswap promote web
	wait $upgrade
	cat upgrade.log
	is_version v2
	hotswap history web --json >history
	[ "$(field .result history)" = promoted ]
	[ "$(field '[.phases[] | select(has("share")).share]' history)" = '[30,60]' ]
}

@test "reexec while a share is held by hand: it stays until somebody ends it" {
	install_here
	serve --canary 30 --step-time 3s --bake 1h
	release server v2
	hotswap upgrade web --no-wait
	until_true hotswap split web 45 2>/dev/null
	place other
	hotswap reexec web
	# That nothing comes of it when the step's time passes, time alone shows.
	sleep 3.2
	[ "$(field .rollout.share)" = 45 ]
	hotswap promote web
	is_version v2
}

@test "reexec while a candidate starts, and while it is checked" {
	release server v1 --notify
	install_here
	touch ready healthy
	serve --ready notify --health "exec:test -e $PWD/healthy" \
		--health-passes 4 --health-interval 100ms \
		--health-failures 10000 --start-timeout 5m -- sh -c \
		'until [ -e ready ]; do sleep 0.02; done; exec ./server'
	rm ready healthy
	release server v2 --notify
	hotswap upgrade web --no-wait
	until_true is_role 2 candidate
	place other
	hotswap reexec web
	[ "$(field .rollout.state)" = starting ]
	touch ready
	until_true field_is .rollout.state checking
	place first
	hotswap reexec web
	[ "$(field .rollout.state)" = checking ]
	touch healthy
	hotswap wait web --for idle --timeout 100s
	is_version v2
}

@test "reexec with --strategy exclusive: the rollout goes on" {
	install_here
	serve --strategy exclusive
	release server v2
	hotswap upgrade web >upgrade.log 2>&1 3>&- &
	upgrade=$!
	place other
	hotswap reexec web
	wait $upgrade
	is_version v2
	is_other
}

@test "reexec with a parked and a draining generation: both stay so" {
	install_here
	serve --drain-timeout 20s
	exec 5<>"/dev/tcp/127.0.0.1/$PORT"
	release server v2
	hotswap upgrade web
	release server v3
	hotswap upgrade web
	until_true is_role 1 draining
	is_role 2 parked
	program=$(pid_of 1)
	place other
	hotswap reexec web
	[ "$(pid_of 1)" = "$program" ]
	is_role 1 draining
	is_role 2 parked
	exec 5>&-
	until_true is_role 1 retired
	hotswap rollback web
	is_version v2
}

@test "reexec while the program exits: it is started again" {
	install_here
	serve
	program=$(pid_of 1)
	place other
	hotswap reexec web &
	reexec=$!
	kill -KILL "$program"
	wait $reexec
	is_other
	until_true is_version v1
	[ "$(pid_of 1)" != "$program" ]
}

@test "TERM during a reexec stops the service" {
	install_here
	serve
	program=$(pid_of 1)
	place other
	hotswap reexec web 2>/dev/null &
	kill -TERM "$SUPERVISOR"
	expect 0 wait "$SUPERVISOR"
	expect 1 kill -0 "$program" 2>/dev/null
	wait $! || true
}

@test "TERM while the new build is on trial stops the service" {
	install_here
	serve
	program=$(pid_of 1)
	impostor hang-later
	hotswap reexec web --exe hang-later 2>/dev/null &
	until_true grep -q "takes over" run.log
	kill -TERM "$SUPERVISOR"
	until_true ended "$program"
	expect 0 wait "$SUPERVISOR"
	wait $! || true
}

@test "kill -9 at any instant of a reexec: one of the builds comes up" {
	install_here
	serve
	load_begin --rate 500 --kept 4
	for wait in 0 0.005 0.01 0.015 0.02 0.025 0.03; do
		place other
		pid=$(supervisor)
		hotswap reexec web 2>>reexec.log &
		sleep $wait
		kill -KILL "$pid" "$(pgrep -P "$SUPERVISOR" -x hotswap)" || true
		wait $! || true
		until_true is_version v1
		until_true supervisor
		place first
		hotswap reexec web
		is_first
	done
	load_end
}

@test "reexec whose keeper dies before it runs the new build: the command tells the result" {
	local status=0

	install_here
	serve
	old=$(supervisor)
	place other
	hotswap reexec web --timeout 20s 3>&- &
	reexec=$!
	# The new supervisor gets no further before the keeper is dead.
	python3 - "$SUPERVISOR" "$old" <<-'END' || status=$?
		import os, signal, sys
		keeper, old = sys.argv[1:]

		def is_new(pid):
		    try:
		        exe = os.readlink(f"/proc/{pid}/exe")
		    except FileNotFoundError:
		        return False
		    except PermissionError:
		        sys.exit(77)
		    return pid != old and exe.endswith("/hotswap")

		new = []
		while not new:
		    with open(f"/proc/{keeper}/task/{keeper}/children") as file:
		        new = [pid for pid in file.read().split() if is_new(pid)]
		os.kill(int(new[0]), signal.SIGSTOP)
		os.kill(int(keeper), signal.SIGKILL)
		os.kill(int(new[0]), signal.SIGCONT)
	END
	[ "$status" != 77 ] || skip "takes the right to see what a process executes"
	[ "$status" = 0 ]
	until_true supervisor
	PIDS+=("$(supervisor)")
	expect 0 wait "$reexec"
	[[ $(field .version) == *-other ]]
	is_version v1
}

@test "reexec with a wrapped program: its binds go on being answered, either way" {
	install_here
	for shim in seccomp preload; do
		PORT=$(free_port)
		release server v1 --bind "127.0.0.1:$PORT"
		hotswap run -n "$shim" --shim "$shim" --bake 100ms -- ./server \
			>>run.log 2>&1 3>&- &
		PIDS+=("$!")
		until_true is_version v1
		until_true hotswap wait "$shim" --for ready --timeout 10s
		place other
		hotswap reexec "$shim"
		release server v2 --bind "127.0.0.1:$PORT"
		hotswap upgrade "$shim"
		is_version v2
		place first
	done
}

@test "a group that is let in has no build take over, neither the installed one nor another" {
	[ "$(id -u)" = 0 ] || skip "takes root"
	install_here
	serve --control-group games
	cp bin/hotswap client
	# Directories above are not open to it.
	as_member() {
		setpriv --reuid 65534 --regid 65534 \
			--groups "$(getent group games | cut -d: -f3)" \
			env HOTSWAP_RUNTIME_DIR=/proc/self/cwd/run ./client "$@"
	}
	place other
	run -77 as_member reexec web --exe /bin/true
	[[ $output == *"may not"* ]]
	run -77 as_member reexec web
	[[ $output == *"may not"* ]]
	is_first
	hotswap reexec web
	is_other
}

@test "hooks miss nothing by a reexec" {
	install_here
	serve --hook "promoted=sleep 0.5; echo promoted >>hooks"
	until_true test -e hooks
	release server v2
	hotswap upgrade web
	place other
	hotswap reexec web
	[ "$(wc -l <hooks)" = 2 ]
}

# has_recovered: the service tells that a dead supervisor was replaced.
has_recovered() {
	hotswap events web | grep -q '"event": *"recovered"'
}

@test "reexec hands over once: kill -9 afterwards is a recovery" {
	serve
	hotswap reexec web
	kill -KILL "$(supervisor)"
	until_true has_recovered
	release server v2
	hotswap upgrade web
	is_version v2
}

@test "reexec while a parked generation is checked to serve again: it does" {
	local first

	touch healthy
	serve --unpark-signal CONT --health "exec:test -e $PWD/healthy" \
		--start-timeout 20s
	first=$(pid_of 1)
	release server v2
	hotswap upgrade web
	rm healthy
	hotswap rollback web >said 2>&1 3>&- &
	CLIENT=$!
	until_true field_is .rollout.state checking
	hotswap reexec web
	touch healthy
	wait "$CLIENT"
	is_version v1
	[ "$(pid_of 1)" = "$first" ]
}

# goes_on_after BEFORE: a supervisor other than this has come, and serves.
goes_on_after() {
	local now

	now=$(supervisor 2>/dev/null) && [ -n "$now" ] && [ "$now" != "$1" ]
}

@test "reexec: a keeper that cannot execute the new build keeps what it holds" {
	local before tracer

	serve --keep 0
	release server v2
	hotswap upgrade web
	strace -p "$SUPERVISOR" -o trace -e trace=execveat \
		-e inject=execveat:error=EAGAIN 2>strace.log 3>&- &
	tracer=$!
	until_true grep -q attached strace.log
	hotswap reexec web || true
	until_true grep -q "the keeper cannot execute" run.log
	kill "$tracer"
	wait "$tracer" || true
	before=$(supervisor)
	kill -KILL "$before"
	until_true goes_on_after "$before"
	is_version v2
	release server v3
	hotswap upgrade web
	is_version v3
}

# held_builds: print how many builds of hotswap the keeper holds.
held_builds() {
	find "/proc/$SUPERVISOR/fd" -lname "$PWD/bin/hotswap*" | wc -l
}

# holds_builds N
holds_builds() {
	[ "$(held_builds)" = "$1" ]
}

@test "reexec: a keeper that does not answer is left as it was, and holds no other build afterwards" {
	local before

	install_here
	serve
	before=$(held_builds)
	place other
	kill -STOP "$SUPERVISOR"
	expect 2 hotswap reexec web 2>err
	kill -CONT "$SUPERVISOR"
	grep -q "cannot hand over: Connection timed out" err
	is_first
	until_true holds_builds "$before"
	hotswap reexec web
	until_true is_other
}
