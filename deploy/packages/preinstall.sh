#!/bin/sh
# Makes the user that the service runs as and that owns the store.
set -eu

getent group callvault >/dev/null || groupadd --system callvault
getent passwd callvault >/dev/null ||
	useradd --system --gid callvault --home-dir /var/lib/callvault --no-create-home \
		--shell /usr/sbin/nologin --comment "callvault" callvault
