#!/usr/bin/env bash
# Writes what shells need to complete callvault into bin/completions, for the
# files of a release.
set -euo pipefail
cd "$(dirname "$0")/.."

mkdir -p bin/completions
for shell in bash zsh fish powershell; do
	go run ./cmd/callvault completion "$shell" >"bin/completions/callvault.$shell"
done
