#!/usr/bin/env bats
# SPDX-License-Identifier: ISC
# The script of README.md's section "Roll back in CI", with each of its results.
# The commands of the section are tested with all other examples.

load helper

ROOT=$BATS_TEST_DIRNAME/../..

# the_script: print the script of README.md.
the_script() {
	awk '/^cat >deploy/ { on = 1; next } /^END$/ { on = 0 } on' \
		"$ROOT/README.md"
}

# ready_to_deploy OPTIONS...: run the service and make the script.
ready_to_deploy() {
	the_script >deploy
	chmod +x deploy
	cp server before
	serve "$@"
}

# deploys STATUS VERSION OPTIONS...: deploying a release with this behaviour
# ends with this status.
deploys() {
	release next "${@:2}"
	expect "$1" ./deploy web next ./server "${SMOKE:-true}" 2>err
}

# unchanged: the old version runs, and its file is in place.
unchanged() {
	[ "$(version)" = v1 ]
	cmp server before
	[ ! -e server.old ]
}

@test "recipe: the manual has the script that README.md has" {
	diff <(the_script) <(awk '
		/^\.Sh ROLL BACK IN CI/ { section = 1 }
		/^\.Ed/ { section = on = 0 }
		on { gsub(/\\e/, "\\"); print }
		section && /^\.Bd/ { on = 1 }' "$ROOT/man/hotswap.1")
	[ "$(the_script | wc -l)" -gt 20 ]
}

@test "recipe: deploy puts a good release into service" {
	ready_to_deploy
	deploys 0 v2
	[ "$(version)" = v2 ]
	cmp server next
	[ ! -e server.old ]
	[ "$(field .result outcome.json)" = promoted ]
}

@test "recipe: deploy ends with 1 for a bad release, and the old file is back" {
	ready_to_deploy
	deploys 1 v2 --exit 3
	unchanged
	[ "$(field .result outcome.json)" = aborted ]
	grep -q "the old one serves" err
}

@test "recipe: deploy ends with 2 while another rollout is under way" {
	ready_to_deploy --bake 1m
	hotswap upgrade web --no-wait
	deploys 2 v2
	hotswap abort web
	unchanged
}

@test "recipe: deploy aborts a release that comes to no end" {
	ready_to_deploy --bake 1m
	DEPLOY_TIMEOUT=1s deploys 1 v2
	unchanged
	grep -q "took too long" err
}

@test "recipe: deploy rolls back when the smoke test fails" {
	ready_to_deploy
	SMOKE="curl -s -D - http://127.0.0.1:$PORT/ | grep -q v7" deploys 1 v2
	unchanged
	[ "$(field .result outcome.json)" = rolled-back ]
	grep -q "smoke test failed" err
}
