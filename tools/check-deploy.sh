#!/usr/bin/env bash
# Checks what is shipped beside the program, as far as it can be without an engine
# for containers, a cluster or a running systemd.
set -euo pipefail
cd "$(dirname "$0")/.."

# The Dockerfile and what is under deploy, and the program in what the image has.
(cd tools/packaging && go mod tidy -diff && go vet ./... && go test ./...)

# The other systems, each on the processor that it mostly has.
for platform in windows/amd64 darwin/arm64; do
	echo "go vet for $platform"
	GOOS=${platform%/*} GOARCH=${platform#*/} CGO_ENABLED=0 go vet ./...
done

for script in deploy/packages/*.sh deploy/compose/secrets.sh; do
	sh -n "$script"
done

# Of systemd only the tool is needed.
if ! command -v systemd-analyze >/dev/null; then
	[ "${CI:-}" != true ] || { echo 'there is no systemd-analyze' >&2; exit 1; }
	echo 'there is no systemd-analyze: going on without it'
	exit 0
fi
units=$(mktemp -d)
trap 'rm -rf "$units"' EXIT
mkdir "$units/callvault.service.d"
cp deploy/systemd/tls.conf "$units/callvault.service.d"
# The program must be there to be started; any that exists will do.
sed 's|^ExecStart=/usr/bin/callvault|ExecStart=/bin/true|' deploy/systemd/callvault.service >"$units/callvault.service"
systemd-analyze verify --recursive-errors=no "$units/callvault.service"
# From 0, where nothing is open, to 10; what is left is the network, which it serves.
systemd-analyze security --offline=true --threshold=15 --no-pager "$units/callvault.service" | tail -n 1
