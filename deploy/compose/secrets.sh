#!/bin/sh
# Creates a password for the database, in the form that each service reads.
set -eu
cd "$(dirname "$0")"

# Nobody else can enter the folder; a container is given single files of it, and
# reads them as another user.
mkdir -m 700 secrets
password=$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')
printf '%s' "$password" >secrets/postgres_password
printf 'db:5432:callvault:callvault:%s\n' "$password" >secrets/pgpass
chmod 444 secrets/*
