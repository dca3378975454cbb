#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# What runs is kept: after a deployment, and before the upgrade to it, a program
# that crashes is started again as it was, and as if in its old place.

load helper

# Each test runs as it is called; AS runs hotswap, as another user.
AS=()

# as_user: from here on hotswap runs as an ordinary user.
as_user() {
	[ "$(id -u)" = 0 ] || return 0
	mkdir hotswap
	cp -r "$BUILD/bin" "$BUILD/lib" hotswap/
	chmod -R a+rX hotswap
	chown nobody .
	AS=(setpriv --reuid nobody --regid nogroup --clear-groups)
	PATH=$PWD/hotswap/bin:$PATH
}

# begin OPTIONS... -- PROGRAM...: run it as `web` until it is ready.
begin() {
	PORT=${PORT:-$(free_port)}
	"${AS[@]}" env "PATH=$PATH" hotswap run -n web -l "127.0.0.1:$PORT" \
		--bake 100ms --keep 0 --restart-limit 2/60s "$@" \
		>>run.log 2>&1 3>&- &
	PIDS+=("$!")
	until_true grep -qs "web: generation 1: serves" run.log
}

# beside VERSION: deploy a server that finds its library beside itself.
beside() {
	mkdir -p app
	[ -e app/lib ] || cp -r "$BUILD/fixtures/beside/lib" app/
	cp "$BUILD/fixtures/beside/server" app/server.new
	printf '\nversion=%s\n' "$1" >>app/server.new
	mv app/server.new app/server
}

# crash: kill the program that serves, and wait for another one.
crash() {
	local before

	before=$(field .generations[-1].pid)
	kill -KILL "$before"
	until_true other_program "$before"
}

other_program() {
	local now

	now=$(field '.generations[-1].pid') &&
		[ "$now" -gt 0 ] && [ "$now" != "$1" ]
}

# started HOW: the log says that it was started again like this.
started() {
	until_true grep -q "started again, PID [0-9]*, $1" run.log
}

# to_and_fro: the crash between deployment and upgrade, then the upgrade, and a
# rollback when the old program has ended.
to_and_fro() {
	beside v1
	begin "$@" -- ./app/server
	beside v2
	crash
	until_true is_version v1
	expect 1 grep -q "given up\|soon after its start" run.log
	hotswap upgrade web
	is_version v2
	until_true is_role 1 retired
	hotswap rollback web
	is_version v1
}

# exe_is PATH: the program that serves has this file as its own.
exe_is() {
	[ "$(readlink "/proc/$(field '.generations[-1].pid')/exe")" = "$1" ]
}

needs_mounts() {
	[ "$(id -u)" = 0 ] || skip "takes root"
	unshare -m true 2>/dev/null || skip "takes mounts"
}

@test "image: a replaced program finds what is beside it, by a mount at its path" {
	needs_mounts
	to_and_fro
	started "from what it was, mounted at its path"
	exe_is "$PWD/app/server"
}

@test "image: as an ordinary user, by the descriptor of the file that was there" {
	as_user
	to_and_fro --shim off
	started "from the file that was at its path"
}

@test "image: --user: the mount serves a program of another user, which cannot undo it" {
	needs_mounts
	mkdir hotswap
	cp -r "$BUILD/bin" "$BUILD/lib" hotswap/
	chmod -R a+rX hotswap
	PATH=$PWD/hotswap/bin:$PATH
	to_and_fro --user nobody
	exe_is "$PWD/app/server"
	pid=$(field '.generations[-1].pid')
	grep -q "^CapEff:	0*$" "/proc/$pid/status"
	# The file at the path is the new one, for everybody else.
	grep -q version=v2 app/server
}

@test "image: a program in a directory that was moved is started there" {
	beside v1
	begin -- ./app/server
	mv app app.old
	rm -rf app
	beside v2
	crash
	until_true is_version v1
	exe_is "$PWD/app.old/server"
	started "from the path to which it was moved"
}

# unix_word: what the server at the Unix socket answers.
unix_word() {
	curl -s -m 5 --unix-socket theirs/sock http://localhost/
}

answers() {
	[[ $(unix_word) == "$1"* ]]
}

@test "image: a mounted program binds its Unix socket, and is upgraded" {
	needs_mounts
	mkdir hotswap theirs
	chown nobody theirs
	cp -r "$BUILD/bin" "$BUILD/lib" hotswap/
	chmod -R a+rX hotswap
	PATH=$PWD/hotswap/bin:$PATH
	cp "$BUILD/fixtures/odd_server" odd
	echo old >word
	hotswap run -n web --user nobody --bake 100ms --keep 0 -- \
		./odd word unix:theirs/sock >>run.log 2>&1 3>&- &
	PIDS+=("$!")
	until_true grep -qs "web: generation 1: serves" run.log
	cp odd odd.new
	echo >>odd.new
	mv odd.new odd
	crash
	until_true answers old
	started "from what it was, mounted at its path"
	echo new >word
	hotswap upgrade web
	answers new
	hotswap rollback web
	answers new
}

@test "image: with the state and the runtime directory on noexec" {
	needs_mounts
	mkdir state run
	cat >aside <<-END
		#!/bin/sh
		for d in state run; do
			mount -t tmpfs -o noexec,mode=755 none $PWD/\$d || exit 1
		done
		exec "\$@"
	END
	chmod 755 aside
	AS=(unshare -m "$PWD/aside")
	# Those who ask are in its mount namespace.
	hotswap() {
		nsenter -t "${PIDS[0]}" -m "$BUILD/bin/hotswap" "$@"
	}
	to_and_fro
	started "from what it was, mounted at its path"
}

@test "image: after an adoption, a replaced program is held again" {
	beside v1
	begin --no-image-copy --chdir app -- ./server
	program=$(pid_of 1) above=$(supervisor)
	kill -KILL "${PIDS[0]}" "$above"
	beside v2
	PIDS=()
	: >run.log
	hotswap run -n web -l "127.0.0.1:$PORT" --bake 100ms --keep 0 \
		--no-image-copy --chdir app -- ./server >>run.log 2>&1 3>&- &
	PIDS+=("$!")
	until_true hotswap wait web --for ready --timeout 10s
	[ "$(pid_of 1)" = "$program" ]
	crash
	until_true is_version v1
	started "from the file that was at its path"
}

@test "image: a script whose directory matters is started in its old place" {
	needs_mounts
	cat >script <<-'SH'
		#!/bin/sh
		. "${0%/*}/part"
		exec ./server --version "$word"
	SH
	chmod 755 script
	echo 'word=old' >part
	begin -- ./script
	printf '#!/bin/sh\nexec ./server --version new\n' >script.new
	chmod 755 script.new
	mv script.new script
	crash
	until_true is_version old
}

@test "image: a file that was overwritten is started from its copy in memory where nothing else helps" {
	[ "$(id -u)" = 0 ] || skip "takes root, for a noexec file system"
	as_user
	mkdir state
	chown nobody state
	cat >aside <<-END
		#!/bin/sh
		mount -t tmpfs -o noexec,mode=755,uid=65534 none $PWD/state || exit 1
		exec setpriv --reuid nobody --regid nogroup --clear-groups "\$@"
	END
	chmod 755 aside
	AS=(unshare -m "$PWD/aside")
	hotswap() {
		nsenter -t "${PIDS[0]}" -m "$PWD/hotswap/bin/hotswap" "$@"
	}
	begin --shim off -- ./server
	release other v2
	chown root .
	# The file cannot be written while it runs.
	program=$(pid_of 1) above=$(supervisor)
	kill -STOP "$above"
	kill -KILL "$program"
	until_true cp other server
	kill -CONT "$above"
	until_true is_version v1
	started "from its private copy, in memory"
	grep -q "from its private copy .*mounted with noexec" run.log
}

# node_app WORD FILE: deploy a server for node that answers with the word, and
# takes the rest from a file beside it.
node_app() {
	command -v node >/dev/null || skip "takes node"
	cat >app.new <<-JS
		const { answer } = require('./part');
		require('http').createServer(answer('$1')).listen($PORT, '127.0.0.1');
	JS
	[ -e part.js ] || cat >part.js <<-'JS'
		exports.answer = word => (q, r) => {
		    r.setHeader('X-Version', word); r.end(word);
		};
	JS
	mv app.new app.js
}

# python_app WORD: the same for python3.
python_app() {
	command -v python3 >/dev/null || skip "takes python3"
	cat >app.new <<-PYTHON
		import http.server, part
		part.word = "$1"
		http.server.HTTPServer(("127.0.0.1", $PORT), part.Answer).serve_forever()
	PYTHON
	[ -e part.py ] || cat >part.py <<-'PYTHON'
		import http.server
		class Answer(http.server.BaseHTTPRequestHandler):
		    def do_GET(self):
		        self.send_response(200)
		        self.send_header("X-Version", word)
		        self.end_headers()
		    def log_message(self, *_):
		        pass
	PYTHON
	mv app.new app.py
}

# scripted APP PROGRAM...: an interpreter's script is part of the image.
scripted() {
	local app=$1

	needs_mounts
	mkdir site
	cd site || return
	"$app" v1
	cd ..
	# Its directory is kept by descriptor, and the mount is seen in it.
	begin --chdir site -- "${@:2}"
	until_true is_version v1
	cd site || return
	"$app" v2
	cd ..
	crash
	until_true is_version v1
	started "from what it was, mounted at its path"
	expect 1 grep -q "soon after its start" run.log
	hotswap upgrade web
	until_true is_version v2
	until_true is_role 1 retired
	hotswap rollback web
	until_true is_version v1
}

@test "image: the script of node is started again, and rolled back to" {
	PORT=$(free_port)
	scripted node_app node ./app.js
}

@test "image: the script of python3 is started again, and rolled back to" {
	PORT=$(free_port)
	scripted python_app python3 -u app.py
}

# shell_app WORD: a script for sh, which is also the word that it prints.
shell_app() {
	printf 'exec ./server --version %s\n' "$1" >app.new
	mv app.new app.sh
}

# beside_files: the copies that were made in this directory.
beside_files() {
	find . -name '.hotswap-*' | sort
}

no_beside_files() {
	[ -z "$(beside_files)" ]
}

@test "image: as an ordinary user, a script is started from a copy beside it" {
	as_user
	PORT=$(free_port)
	python_app v1
	chmod a+r app.py part.py
	[ -x /usr/bin/python3 ] || skip "takes the system's python3"
	begin -- env PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 app.py
	until_true is_version v1
	python_app v2
	crash
	until_true is_version v1
	started "from a copy beside its path"
	[ "$(stat -c '%U %a' "$(beside_files)")" = "$(stat -c %U .) 700" ]
	# A successor removes the copy, too.
	before=$(supervisor)
	kill -KILL "$before"
	until_true other_supervisor "$before"
	hotswap upgrade web
	until_true is_version v2
	until_true is_role 1 retired
	no_beside_files
	hotswap rollback web
	until_true is_version v1
	hotswap stop web
	no_beside_files
}

@test "image: a script in a directory that is not the user's is started from its private copy" {
	as_user
	[ "$(id -u)" = 0 ] || skip "takes root, for a directory of another user"
	shell_app v1
	begin --shim off -- sh -e app.sh
	chown root .
	shell_app v2
	crash
	until_true is_version v1
	started "from its private copy $PWD/state/web/images/"
	grep -q "from a copy beside its path: its process cannot write the copy" run.log
}

@test "image: root without the right to mount starts a script from a copy beside it" {
	needs_mounts
	AS=(setpriv --bounding-set -sys_admin --inh-caps -sys_admin)
	cat >script <<-'SH'
		#!/bin/sh
		. "${0%/*}/part"
		exec ./server --version "$word"
	SH
	chmod 755 script
	echo 'word=old' >part
	begin --shim off -- ./script
	printf '#!/bin/sh\nexec ./server --version new\n' >script.new
	chmod 755 script.new
	mv script.new script
	crash
	until_true is_version old
	started "from a copy beside its path"
	expect 1 grep -q "cannot start.*descriptor" run.log
}

@test "image: a release behind a link that moved is started in its own directory" {
	mkdir -p releases/{1,2}
	for n in 1 2; do
		cp server releases/$n/
		echo "exec ./server --version r$n" >releases/$n/app.sh
	done
	ln -s releases/1 current
	begin --chdir current -- sh app.sh
	ln -sfn releases/2 new
	mv -T new current
	crash
	until_true is_version r1
	[ "$(readlink "/proc/$(field '.generations[-1].pid')/cwd")" = "$PWD/releases/1" ]
	hotswap upgrade web
	is_version r2
	until_true is_role 1 retired
	hotswap rollback web
	is_version r1
	# A successor of the supervisor knows it as well.
	before=$(supervisor)
	kill -KILL "$before"
	until_true other_supervisor "$before"
	crash
	until_true is_version r1
}

@test "image: a script named through a link that moved is the one that was checked" {
	mkdir -p releases/{1,2}
	for n in 1 2; do
		echo "exec ./server --version r$n" >releases/$n/app.sh
	done
	ln -s releases/1 current
	begin -- sh "$PWD/current/app.sh"
	ln -sfn releases/2 new
	mv -T new current
	crash
	until_true is_version r1
}

@test "image: a program named through a link that moved is told its old directory" {
	[ -x /usr/bin/python3 ] || skip "takes the system's python3"
	PORT=$(free_port)
	mkdir -p releases/{1,2}
	for n in 1 2; do
		ln -s /usr/bin/python3 releases/$n/python
		python_app r$n
		cp app.py part.py releases/$n/
	done
	# It answers with the directory by which it was called.
	sed -i 's/^part.word = .*/import sys; part.word = sys.orig_argv[0]/' \
		releases/*/app.py
	ln -s releases/1 current
	begin -- "$PWD/current/python" "$PWD/current/app.py"
	until_true is_version "$PWD/current/python"
	ln -sfn releases/2 new
	mv -T new current
	crash
	until_true is_version "$PWD/releases/1/python"
}

@test "image: --user: the directory is entered with the program's rights" {
	[ "$(id -u)" = 0 ] || skip "takes root"
	mkdir -m 700 closed
	mkdir -m 755 closed/open
	ln -s closed/open way
	expect 1 hotswap run -n web --user nobody --chdir way -- /bin/sleep 9 \
		2>said
	grep -q "the directory way cannot be entered by nobody" said
}

@test "image: a rollback that would change nothing is refused, and says so" {
	begin -- ./server
	hotswap upgrade web
	until_true is_role 1 retired
	expect 2 hotswap rollback web 2>said
	grep -q "would start what serves already: the same $PWD/server" said
	[ "$(field .active)" = 2 ]
}

@test "image: a rollback to what is no longer there is refused, and says so" {
	begin --no-image-copy -- ./server
	release other v2
	hotswap upgrade web -- ./other
	until_true is_role 1 retired
	cat other >server
	expect 2 hotswap rollback web 2>said
	grep -q "$PWD/server has changed, and there is no copy of what it was" said
	is_version v2
}

# a_release DIRECTORY WORD: a release whose word is in a file of a directory.
a_release() {
	mkdir -p "$1/conf"
	cp server "$1/server.new"
	mv "$1/server.new" "$1/server"
	echo "word=$2" >"$1/conf/word"
	cat >"$1/app.sh" <<-'SH'
		. ./conf/word
		exec ./server --version "$word"
	SH
}

# The keeping comes after all other work: it may take long on a busy machine.
until_settled() {
	DEADLINE=600 until_true settled "$1"
}

# settled N: N kept directories are there, and have copies of their own.
settled() {
	[ "$(find state/web/folders -mindepth 1 -maxdepth 1 -name '[0-9]*' |
		wc -l)" = "$1" ] &&
		[ "$(find state/web/folders -name settled -size -9c | wc -l)" = "$1" ] &&
		! grep -LU $'^\xff\xff\xff\xff' state/web/folders/*/settled | grep -q .
}

# overwrite: put release two over release one in its directory; a file that does
# not run is written in place.
overwrite() {
	a_release app two
	echo more >app/added
}

# through_overwriting OPTIONS...: a release is overwritten, and the service goes
# back to it: after a crash, and by a rollback.
through_overwriting() {
	a_release app one
	begin --chdir app --image-path . "$@" -- sh app.sh
	[ "$(version)" = one ]
	until_settled 1
	overwrite
	crash
	until_true is_version one
	hotswap upgrade web
	is_version two
	until_true is_role 1 retired
	hotswap rollback web
	is_version one
}

@test "image: --image-path: a release that was overwritten is mounted at its path" {
	needs_mounts
	through_overwriting
	started "from what it was, mounted at its path"
	[ "$(readlink "/proc/$(field '.generations[-1].pid')/cwd")" = "$PWD/app" ]
	# It is read-only, and others see the new release.
	expect 1 nsenter -t "$(field '.generations[-1].pid')" -m \
		touch "$PWD/app/here" 2>said
	grep -q "Read-only" said
	[ "$(cat app/conf/word)" = word=two ]
}

@test "image: --image-path: --user: a program of another user finds its release" {
	needs_mounts
	mkdir hotswap
	cp -r "$BUILD/bin" "$BUILD/lib" hotswap/
	chmod -R a+rX hotswap
	PATH=$PWD/hotswap/bin:$PATH
	through_overwriting --user nobody
}

@test "image: --image-path: as an ordinary user, a release is started where it is kept" {
	as_user
	through_overwriting --shim off
	started "from the directory that was kept, "
}

@test "image: --image-path: an unchanged release is started in its place" {
	a_release app one
	begin --chdir app --image-path . -- sh app.sh
	until_settled 1
	echo more >app/added
	crash
	until_true is_version one
	[ "$(readlink "/proc/$(field '.generations[-1].pid')/exe")" = "$PWD/app/server" ]
	until_true grep -q "started again, PID [0-9]*$" run.log
}

@test "image: --image-path: a release that was removed is started where it is kept" {
	a_release app one
	begin --chdir app --image-path . -- sh app.sh
	rm -rf app
	crash
	until_true is_version one
	started "from the directory that was kept, "
}

@test "image: --image-path: equal files are kept once, and --retain removes" {
	a_release app one
	begin --chdir app --image-path . --retain 1 -- sh app.sh
	until_settled 1
	for word in two three four; do
		a_release app "$word"
		hotswap upgrade web
	done
	until_true is_role 3 retired
	until_settled 2
	# The server is once in the store, and linked to each release.
	[ "$(find state/web/folders -size +8k -type f -printf '%i\n' |
		sort -u | wc -l)" = 1 ]
	hotswap rollback web
	is_version three
}

@test "image: --image-path: a supervisor killed while it keeps goes on with it" {
	a_release app one
	# Large files are linked at first.
	for n in {1..10}; do head -c 2M /dev/urandom >"app/conf/$n"; done
	begin --chdir app --image-path . -- sh app.sh
	before=$(supervisor)
	kill -KILL "$before"
	until_true other_supervisor "$before"
	a_release app two
	hotswap upgrade web
	until_settled 2
	until_true is_role 1 retired
	hotswap rollback web
	is_version one
	expect 1 grep -q "overwritten before" run.log
}

@test "image: --image-path: a file overwritten before its copy was made is told" {
	a_release app one
	head -c 2M /dev/urandom >app/conf/large
	touch -d "1 minute ago" app/conf/large
	# As long as this lock is held, no copy is made.
	mkdir -p state/web/folders
	flock state/web/folders sleep 600 3>&- &
	PIDS+=("$!" "$(until_true pgrep -P $! -x sleep)")
	begin --chdir app --image-path . -- sh app.sh
	echo overwritten >app/conf/large
	crash
	# It runs as without --image-path.
	until_true is_version one
	a_release app two
	hotswap upgrade web
	until_true is_role 1 retired
	expect 2 hotswap rollback web 2>said
	grep -q "a file of $PWD/app was overwritten before its copy was made" said
	is_version two
}

@test "image: --image-path: what the program's user cannot reach is not kept" {
	[ "$(id -u)" = 0 ] || skip "takes root"
	mkdir -m 700 closed
	mkdir -m 755 closed/open
	ln -s closed/open way
	expect 1 hotswap run -n web --user nobody --image-path way \
		-- /bin/sleep 9 2>said
	grep -q "image-path: the directory way cannot be opened" said
}
