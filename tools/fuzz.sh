#!/usr/bin/env bash
# Fuzz every target of the module, each for the time given. Inputs are made
# smaller in a few tries: the default is a minute each, more than a target has.
set -euo pipefail
cd "$(dirname "$0")/.."

for file in $(grep -rlE --include='*_test.go' '^func Fuzz' .); do
	for target in $(grep -oE '^func Fuzz[A-Za-z0-9_]*' "$file" | cut -d' ' -f2); do
		echo "== $(dirname "$file") $target"
		go test "$(dirname "$file")" -run '^$' -fuzz "^$target\$" -fuzztime "$1" -fuzzminimizetime 20x
	done
done
