#!/bin/bash
# Starts PostgreSQL as the official image does, and prepares an empty data folder first.
# Variables: POSTGRES_USER, POSTGRES_PASSWORD, POSTGRES_DB, POSTGRES_INITDB_ARGS, POSTGRES_HOST_AUTH_METHOD;
# the first four also as NAME_FILE. Scripts: /docker-entrypoint-initdb.d/*.{sh,sql,sql.gz}.
set -Eeuo pipefail

# The value of NAME, or of the file that NAME_FILE names, or a default.
from_file() {
	local name=$1 file="${1}_FILE" default=${2:-}
	if [ -n "${!name:-}" ] && [ -n "${!file:-}" ]; then
		echo >&2 "error: both $name and $file are set (but are exclusive)"
		exit 1
	fi
	local value=${!name:-$default}
	if [ -n "${!file:-}" ]; then value=$(<"${!file}"); fi
	export "$name=$value"
	unset "$file"
}

prepare_folders() {
	mkdir -p "$PGDATA" /var/run/postgresql
	chmod 00700 "$PGDATA" || :
	chmod 03775 /var/run/postgresql || :
	if [ "$(id -u)" = 0 ]; then
		find "$PGDATA" \! -user postgres -exec chown postgres '{}' +
		find /var/run/postgresql \! -user postgres -exec chown postgres '{}' +
	fi
}

check_password() {
	if [ -z "$POSTGRES_PASSWORD" ] && [ "${POSTGRES_HOST_AUTH_METHOD:-}" != trust ]; then
		echo >&2 "Error: Database is uninitialized and superuser password is not specified."
		echo >&2 "       Set POSTGRES_PASSWORD or POSTGRES_PASSWORD_FILE to a non-empty value."
		exit 1
	fi
}

make_cluster() {
	local words
	read -r -a words <<<"${POSTGRES_INITDB_ARGS:-}"
	initdb --username="$POSTGRES_USER" --pwfile=<(printf '%s\n' "$POSTGRES_PASSWORD") "${words[@]}"
	printf '\nhost all all all %s\n' "${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}" >>"$PGDATA/pg_hba.conf"
	# As in the official image; and this PostgreSQL comes without its JIT compiler.
	printf "\nlisten_addresses = '*'\njit = off\n" >>"$PGDATA/postgresql.conf"
}

process_sql() {
	PGHOST='' PGHOSTADDR='' psql -v ON_ERROR_STOP=1 --no-password --no-psqlrc \
		--username "$POSTGRES_USER" "$@"
}

run_scripts() {
	local file
	for file in /docker-entrypoint-initdb.d/*; do
		case "$file" in
		*.sh) if [ -x "$file" ]; then "$file"; else . "$file"; fi ;;
		*.sql) process_sql --dbname "$POSTGRES_DB" -f "$file" ;;
		*.sql.gz) gunzip -c "$file" | process_sql --dbname "$POSTGRES_DB" ;;
		*) ;;
		esac
	done
}

prepare_database() {
	from_file POSTGRES_PASSWORD
	from_file POSTGRES_USER postgres
	from_file POSTGRES_DB "$POSTGRES_USER"
	from_file POSTGRES_INITDB_ARGS
	check_password
	make_cluster
	export PGPASSWORD="${PGPASSWORD:-$POSTGRES_PASSWORD}"
	# Only on the socket, so that nobody takes the unfinished database for a ready one.
	pg_ctl -D "$PGDATA" -o "-c listen_addresses='' -p 5432" -w start
	if [ "$POSTGRES_DB" != postgres ]; then
		process_sql --dbname postgres --set db="$POSTGRES_DB" <<<'CREATE DATABASE :"db" ;'
	fi
	run_scripts
	pg_ctl -D "$PGDATA" -m fast -w stop
	unset PGPASSWORD
	echo "PostgreSQL init process complete; ready for start up."
}

if [ "${1:0:1}" = '-' ]; then set -- postgres "$@"; fi
if [ "$1" = postgres ]; then
	prepare_folders
	if [ "$(id -u)" = 0 ]; then
		exec setpriv --reuid=postgres --regid=postgres --init-groups "$BASH_SOURCE" "$@"
	fi
	if [ ! -s "$PGDATA/PG_VERSION" ]; then prepare_database; fi
fi
exec "$@"
