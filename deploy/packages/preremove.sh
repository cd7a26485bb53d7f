#!/bin/sh
# Stops the service when the package is removed, but not when it is upgraded. dpkg says
# which by a word, rpm by the number of versions that are left.
set -eu

[ -d /run/systemd/system ] || exit 0
case "$1" in
remove | 0) systemctl disable --now callvault.service ;;
esac
