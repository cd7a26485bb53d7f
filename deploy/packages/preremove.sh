#!/bin/sh
# Stops the service when the package goes, and not when it makes room for its next
# version. dpkg says which by a word, rpm by how many versions are left.
set -eu

[ -d /run/systemd/system ] || exit 0
case "$1" in
remove | 0) systemctl disable --now callvault.service ;;
esac
