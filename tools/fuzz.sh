#!/usr/bin/env bash
# Fuzz every target of the module, each for the time given, and go on after one
# that fails. Inputs are made smaller in a few tries: the default is a minute
# each, more than a target has.
set -euo pipefail
cd "$(dirname "$0")/.."

out=$(mktemp)
trap 'rm -f "$out"' EXIT
failed=
for file in $(grep -rlE --include='*_test.go' '^func Fuzz' .); do
	for target in $(grep -oE '^func Fuzz[A-Za-z0-9_]*' "$file" | cut -d' ' -f2); do
		echo "== $(dirname "$file") $target"
		go test "$(dirname "$file")" -run '^$' -fuzz "^$target\$" -fuzztime "$1" -fuzzminimizetime 20x | tee "$out" && continue
		# The end of the time, when it comes in the midst of an input, is no finding.
		grep -q 'context deadline exceeded' "$out" && ! grep -q 'Failing input' "$out" || failed+=" $target"
	done
done
[ -z "$failed" ] || { echo "failed:$failed" >&2; exit 1; }
