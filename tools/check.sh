#!/usr/bin/env bash
# Checks that every change must pass. The tools are pinned in a module of their own, so
# that importers of our packages do not inherit them.
set -euo pipefail
cd "$(dirname "$0")/.."

unformatted=$(gofmt -l .)
if [ -n "$unformatted" ]; then
	printf 'not formatted, run gofmt -w:\n%s\n' "$unformatted"
	exit 1
fi
go mod tidy -diff
(cd tools && go mod tidy -diff)
go vet ./...
go tool -modfile=tools/go.mod staticcheck ./...

# The database of vulnerabilities is on the network, which may be out of reach;
# govulncheck exits with 3 for what it found and with 1 for what it could not do.
status=0
out=$(go tool -modfile=tools/go.mod govulncheck ./... 2>&1) || status=$?
if [ $status -eq 1 ] && grep -qE 'no such host|dial tcp|connection refused|i/o timeout|lookup |proxyconnect' <<<"$out"; then
	echo 'govulncheck: its database is out of reach; going on without it'
else
	echo "$out"
	exit $status
fi
