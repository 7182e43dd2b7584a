#!/usr/bin/env bash
# Every test of the project, phase by phase. `make test` runs it with PARLEY_TEST_POSTGRES set (with-postgres.mjs).
# All phases run, whatever the earlier ones gave, as long as there is a binary; the exit code is 0 only if all are well.
set -u -o pipefail
cd "$(dirname "$0")/.."

names=() results=() times=() failed=0

# phase NAME COMMAND… runs a command under a heading and remembers how it ended.
phase() {
	local name=$1 begin=$SECONDS status=0
	shift
	printf '\n=== %s: %s\n' "$name" "$*"
	"$@" || status=$?
	names+=("$name") times+=($((SECONDS - begin)))
	if [ "$status" = 0 ]; then
		results+=("ok")
	else
		results+=("FAIL (exit $status)")
		failed=1
	fi
	return "$status"
}

summary() {
	printf '\n=== summary\n'
	local i
	for i in "${!names[@]}"; do
		printf '%-14s %5ds  %s\n' "${names[$i]}" "${times[$i]}" "${results[$i]}"
	done
	# The counts again, so that the last lines show that tests ran.
	printf '%s' "${counts:-}"
	if [ "$failed" = 0 ]; then echo "PASS"; else echo "FAIL"; fi
}

# counted NAME COMMAND… keeps a command's closing line for the summary, and what it says of tests that needed a second run.
counted() {
	local name=$1 log closing status=0
	shift
	log=$(mktemp)
	"$@" 2>&1 | tee "$log" || status=$?
	closing=$(sed $'s/\e\\[[0-9;]*m//g' "$log" | grep -E '[0-9]+ passed' | tail -n 1)
	printf -v counts '%s%-14s %s\n%s' "${counts:-}" "$name" "${closing:-no tests were counted}" "$(grep '^unsteady: ' "$log" | sed 's/^/  /'; echo .)"
	counts=${counts%.}
	rm -f "$log"
	return "$status"
}

phase system scripts/system-deps.sh || { summary; exit 1; }
phase packages make --no-print-directory deps-web deps-test || { summary; exit 1; }
phase build make --no-print-directory build || { summary; exit 1; }
phase vet go vet ./...
phase go counted go node scripts/gotest.mjs -race ./...
phase pages counted pages npm --prefix web run --silent test
phase conformance counted conformance node test/conformance/launch.mjs --store both
phase oidc counted oidc node test/oidc/run.mjs
phase browser counted browser node test/browser/run.mjs
summary
exit "$failed"
