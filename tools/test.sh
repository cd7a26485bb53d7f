#!/usr/bin/env bash
# Runs all tests, or those of the packages named, with the race detector where there is
# a C compiler to build it.
set -euo pipefail
cd "$(dirname "$0")/.."

export CGO_ENABLED=1
# SQLite is C that was translated to Go: its pointers into memory of its own are not checked
# one by one, which takes most of the time of its tests. Races are still detected in it.
race=(-race '-gcflags=modernc.org/...=-d=checkptr=0')
if ! command -v "$(go env CC | cut -d ' ' -f 1)" >/dev/null; then
	CGO_ENABLED=0
	race=()
	echo 'there is no C compiler: the tests run without the race detector' >&2
fi
# One room leaves itself out under the race detector. It runs beside the others, which do not use
# all processors all the time.
others=
if [ ${#race[@]} -gt 0 ] && [ $# -eq 0 ]; then
	CGO_ENABLED=0 go test -timeout 30m ./internal/mirrortest &
	others=$!
fi
status=0
# A busy machine takes longer than the 10 minutes that go test gives a package.
go test "${race[@]}" -timeout 30m "${@:-./...}" || status=$?
if [ -n "$others" ]; then
	wait "$others" || status=$?
fi
exit "$status"
