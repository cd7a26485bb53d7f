#!/bin/sh
# The store in /var/lib/callvault and its owner stay, even when the package is
# purged: calls are deleted by "callvault delete", or by hand.
set -eu

[ -d /run/systemd/system ] || exit 0
systemctl daemon-reload
