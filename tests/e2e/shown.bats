#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# tests/shown.py: what a target has shown is recorded only if it was shown, and
# the README says what the record says.

# A tree with two targets, whose commands are in files that are not in it.
setup() {
	command -v git >/dev/null || skip "takes git"
	# The settings of the make that runs this test are not ours.
	unset MAKEFLAGS MAKELEVEL MAKEOVERRIDES CLAIMS HOTSWAP_FIGURES
	tree=$BATS_TEST_TMPDIR/tree did=$BATS_TEST_TMPDIR/did
	said=$BATS_TEST_TMPDIR/said
	mkdir -p "$tree"/{doc,tests/e2e}
	cd "$tree" || return
	cp "$BATS_TEST_DIRNAME/../shown.py" tests/
	grep -A 2 '^show  *=' "$BATS_TEST_DIRNAME/../../GNUmakefile" >GNUmakefile
	# shellcheck disable=SC2016 # make's
	printf '%s:	## a target\n\t@%s\n' \
		soak '$(call show,soak,,upgrades=100) sh "$(DID)"' \
		check '$(call show,check,$(TESTS)) sh "$(DID)"' >>GNUmakefile
	cat >README.md <<-'END'
		<!-- claims -->
		| claim | command | last shown |
		| --- | --- | --- |
		| Nothing grows | `make soak` | not yet |
		| Two | `make check TESTS='tests/e2e/a.bats tests/e2e/b.bats'` | not yet |
		<!-- /claims -->
	END
	touch doc/shown.ini tests/e2e/{a,b}.bats
	git init -q
	commit
}

commit() {
	git add -A
	git -c user.name=a -c user.email=a@localhost commit -q --allow-empty -m a
}

# shows TARGET COMMAND: run it as this command, to be recorded.
shows() {
	echo "$2" >"$did"
	make -s "$1" CLAIMS=1 DID="$did" 2>"$said"
}

# A whole run's command.
whole='printf "100 upgrades\n2500 requests\n" >>"$HOTSWAP_FIGURES"'

# column CLAIM: what the README says.
column() {
	sed -n "s/^| $1 | .* | \(.*\) |\$/\1/p" README.md
}

# untouched COMMAND...: it records nothing.
untouched() {
	cp doc/shown.ini README.md "$BATS_TEST_TMPDIR"
	"$@" || true
	cmp doc/shown.ini "$BATS_TEST_TMPDIR/shown.ini"
	cmp README.md "$BATS_TEST_TMPDIR/README.md"
}

now() {
	echo "$(date +%F) ($(git rev-parse HEAD | cut -c 1-7))"
}

@test "shown: a whole run is recorded with date, commit, settings and figures, and the README says it" {
	when=$(now)
	shows soak "$whole"
	[ "$(column 'Nothing grows')" = "$when: 100 upgrades, 2,500 requests" ]
	grep -qx "commit = $(git rev-parse HEAD)" doc/shown.ini
	grep -qx "settings = DID=$did" doc/shown.ini
	# The record of one is no change for the next.
	shows check 'printf "%s\n" "= tests/e2e/a.bats" "3 tests" \
		"= tests/e2e/b.bats" "4 tests" >>"$HOTSWAP_FIGURES"'
	[ "$(column Two)" = "$when: 3 tests; 4 tests" ]
	[ "$(column 'Nothing grows')" = "$when: 100 upgrades, 2,500 requests" ]
	tests/shown.py check
}

@test "shown: a table of the README that is a bench's figures is put there with its record" {
	printf '%s\n' '| What others do | `make bench BENCHES=others` | not yet |' \
		'<!-- /claims -->' '<!-- others -->' '| old |' '<!-- /others -->' end |
		sed -i -e '/<!-- .claims -->/{r /dev/stdin' -e 'd}' README.md
	mkdir tests/bench
	touch tests/bench/others_bench.py
	# shellcheck disable=SC2016 # make's
	printf 'bench:	## a target\n\t@%s\n' '$(call show,bench) sh "$(DID)"' \
		>>GNUmakefile
	commit
	tests/shown.py check # it was not recorded yet
	shows bench 'printf "%s\n" "= others" "5 requests" "| new |" >>"$HOTSWAP_FIGURES"'
	[ "$(column 'What others do')" = "$(now): 5 requests" ]
	[ "$(sed -n '/<!-- others/,$p' README.md | tr '\n' ' ')" = \
		'<!-- others --> | new | <!-- /others --> end ' ]
	sed -i 's/| new |/| better |/' README.md
	run tests/shown.py check
	[ "$status" = 1 ]
}

@test "shown: nobody who does not ask for it gets a changed tree" {
	echo "$whole" >"$did"
	HOTSWAP_FIGURES=/dev/null untouched make -s soak DID="$did"
	[ -z "$(git status --porcelain)" ]
}

@test "shown: a run that was short, told to do a part, or interrupted is not recorded, and says so" {
	untouched shows soak 'echo "99 upgrades" >>"$HOTSWAP_FIGURES"'
	grep 'not recorded.*99 upgrades, not 100' "$said"
	untouched shows soak "$whole; echo '? no etcd' >>\"\$HOTSWAP_FIGURES\""
	grep 'not recorded.*no etcd' "$said"
	untouched shows soak 'trap "exit 1" TERM; kill -TERM "$PPID"; sleep 9 & wait'
	grep 'not recorded, it was interrupted' "$said"
	# Of a run of some files these are recorded.
	shows check 'printf "%s\n" "= tests/e2e/a.bats" "3 tests" \
		"= tests/e2e/b.bats" "4 tests" "? 1 tests were skipped" \
		>>"$HOTSWAP_FIGURES"'
	[ "$(column Two)" = "not yet: check tests/e2e/b.bats" ]
}

@test "shown: what ran is the commit: a tree with changes is refused, one that changes meanwhile not recorded" {
	touch other
	untouched shows soak "$whole; touch '$BATS_TEST_TMPDIR/ran'"
	grep 'did not run.*other' "$said"
	[ ! -e "$BATS_TEST_TMPDIR/ran" ]
	rm other
	echo 'A word.' >>README.md
	untouched shows soak "$whole"
	grep 'did not run.*README.md' "$said"
	git checkout -q README.md
	untouched shows soak "$whole; touch other"
	grep 'not recorded, the tree has changed' "$said"
	commit
	untouched shows soak "$whole; git -c user.name=a -c user.email=a@localhost \
		commit -q --allow-empty -m b"
	grep 'not recorded, the tree has changed' "$said"
}

@test "shown: a failure after a success is told beside it, until it succeeds again" {
	when=$(now)
	shows soak "$whole"
	commit
	later=$(now)
	run shows soak 'kill -SEGV "$$"'
	[ "$status" = 2 ] # make's
	[ "$(column 'Nothing grows')" = "**soak failed** $later; passed $when: 100 upgrades, 2,500 requests" ]
	grep -q 'exit status 139' doc/shown.ini
	shows soak "$whole"
	[ "$(column 'Nothing grows')" = "$later: 100 upgrades, 2,500 requests" ]
	# Only the part that failed has failed.
	shows check 'printf "%s\n" "= tests/e2e/a.bats" "3 tests" \
		"= tests/e2e/b.bats" "! 1 tests failed" >>"$HOTSWAP_FIGURES"
		exit 1' || true
	[ "$(column Two)" = "**check tests/e2e/b.bats failed** $later; not yet: check tests/e2e/b.bats" ]
}

@test "shown: a README that says something else, or names what is not there, is found out" {
	# wrong WORDS: shown.py says them.
	wrong() {
		run tests/shown.py check
		[ "$status" = 1 ]
		[[ $output == *"$1"* ]] || {
			echo "$output"
			return 1
		}
	}
	tests/shown.py check
	sed -i 's/grows\(.*\)not yet/grows\1today/' README.md
	wrong 'make claims'
	tests/shown.py table
	tests/shown.py check
	sed -i 's/make soak/make soup/' README.md
	wrong 'no such target'
	sed -i 's/make soup/make check UPGRADES=1/' README.md
	wrong 'no whole run'
	sed -i "s/make check UPGRADES=1/make check TESTS=tests\/e2e\/c.bats/" README.md
	wrong 'there is no tests/e2e/c.bats'
	git checkout -q README.md
	printf '[soup]\ndate = 2026-01-01\ncommit = 1234567\n' >>doc/shown.ini
	wrong 'no claim names soup'
}

@test "shown: make check tells of each file how many tests it showed, which it skipped, and that it failed" {
	mkdir files
	printf '@test "%s" { %s; }\n' one true two true >files/good.bats
	printf '@test "%s" { %s; }\n' one true two 'skip "no root"' >files/part.bats
	printf '@test "%s" { %s; }\n' one true two false >files/bad.bats
	run env -i PATH="$(getconf PATH)" HOTSWAP_BUILD="$tree" HOTSWAP_FIGURES="$did" \
		JOBS=1 bash -c 'cd "$1" && shift && exec tests/run.sh "$@"' - \
		"$BATS_TEST_DIRNAME/../.." "$tree"/files/{good,part,bad}.bats
	[ "$status" = 1 ]
	# part NAME: what is told of it, in one line.
	part() {
		awk -v name="= $1" '/^= / { on = $0 == name; next }
			on { printf "%s;", $0 }' "$did"
	}
	[ "$(part "$tree/files/good.bats")" = "2 tests;" ]
	[ "$(part "$tree/files/part.bats")" = "2 tests;? 1 tests were skipped;" ]
	[ "$(part "$tree/files/bad.bats")" = "2 tests;! 1 tests failed;" ]
	[ "$(part '')" = "6 tests;? 1 tests were skipped;! 1 tests failed;" ]
}

@test "shown: hotswap's own README says what its record says" {
	"$BATS_TEST_DIRNAME/../shown.py" check
}
