#!/bin/sh
# Tells systemd of the unit. A first installation starts nothing: it is for the
# operator to say where the store is. An upgrade starts anew what was running.
set -eu

[ -d /run/systemd/system ] || exit 0
systemctl daemon-reload
systemctl try-restart callvault.service
