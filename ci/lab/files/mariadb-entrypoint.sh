#!/bin/bash
# Starts MariaDB as the official image does, and prepares an empty data folder first.
# Variables, also with MYSQL_ for MARIADB_ and as NAME_FILE: MARIADB_ROOT_PASSWORD, MARIADB_ALLOW_EMPTY_ROOT_PASSWORD,
# MARIADB_RANDOM_ROOT_PASSWORD, MARIADB_DATABASE, MARIADB_USER, MARIADB_PASSWORD, MARIADB_ROOT_HOST.
# Scripts: /docker-entrypoint-initdb.d/*.{sh,sql,sql.gz}.
set -Eeuo pipefail

data=/var/lib/mysql
socket=/run/mysqld/mysqld.sock

# The value of MARIADB_<NAME> or MYSQL_<NAME>, or of the file that either with _FILE names, or a default.
setting() {
	local prefix name file
	for prefix in MARIADB MYSQL; do
		name="${prefix}_$1" file="${prefix}_$1_FILE"
		if [ -n "${!file:-}" ]; then
			cat "${!file}"
			return
		fi
		if [ -n "${!name:-}" ]; then
			printf '%s' "${!name}"
			return
		fi
	done
	printf '%s' "${2:-}"
}

# A string as an SQL literal.
literal() {
	local text=${1//\\/\\\\}
	printf "'%s'" "${text//\'/\\\'}"
}

name_of() { printf '`%s`' "${1//\`/\`\`}"; }

client() { mariadb --protocol=socket --socket="$socket" -uroot "$@"; }

wait_for_start() {
	local try
	for try in {1..300}; do
		if client -e 'SELECT 1' >/dev/null 2>&1; then return; fi
		sleep 0.1
	done
	echo >&2 "error: MariaDB did not start to be prepared"
	exit 1
}

accounts_sql() {
	local password user database host
	password=$(setting ROOT_PASSWORD)
	if [ -n "$(setting RANDOM_ROOT_PASSWORD)" ]; then
		password=$(od -An -N24 -tx1 /dev/urandom | tr -d ' \n')
		echo >&2 "GENERATED ROOT PASSWORD: $password"
	fi
	if [ -z "$password" ] && [ -z "$(setting ALLOW_EMPTY_ROOT_PASSWORD)" ]; then
		echo >&2 "error: Database is uninitialized and password option is not specified"
		echo >&2 "       Set MARIADB_ROOT_PASSWORD, MARIADB_ALLOW_EMPTY_ROOT_PASSWORD or MARIADB_RANDOM_ROOT_PASSWORD"
		exit 1
	fi
	host=$(setting ROOT_HOST %)
	echo "CREATE USER IF NOT EXISTS 'root'@$(literal "$host") IDENTIFIED BY $(literal "$password");"
	echo "GRANT ALL ON *.* TO 'root'@$(literal "$host") WITH GRANT OPTION;"
	database=$(setting DATABASE)
	if [ -n "$database" ]; then echo "CREATE DATABASE IF NOT EXISTS $(name_of "$database");"; fi
	user=$(setting USER)
	if [ -n "$user" ]; then
		echo "CREATE USER $(literal "$user")@'%' IDENTIFIED BY $(literal "$(setting PASSWORD)");"
		if [ -n "$database" ]; then echo "GRANT ALL ON $(name_of "$database").* TO $(literal "$user")@'%';"; fi
	fi
	# The last one: from here on the socket asks root for the password as well.
	echo "ALTER USER 'root'@'localhost' IDENTIFIED BY $(literal "$password");"
}

run_scripts() {
	local file database password
	database=$(setting DATABASE)
	for file in /docker-entrypoint-initdb.d/*; do
		case "$file" in
		*.sh) if [ -x "$file" ]; then "$file"; else . "$file"; fi ;;
		*.sql) client ${database:+"$database"} <"$file" ;;
		*.sql.gz) gunzip -c "$file" | client ${database:+"$database"} ;;
		*) ;;
		esac
	done
}

prepare_database() {
	local sql server
	sql=$(accounts_sql)
	mariadb-install-db --user=mysql --datadir="$data" --skip-test-db --auth-root-authentication-method=normal >/dev/null
	mariadbd --user=mysql --datadir="$data" --socket="$socket" --skip-networking &
	server=$!
	wait_for_start
	run_scripts
	client <<<"$sql"
	kill "$server"
	wait "$server"
	echo "MariaDB init process done. Ready for start up."
}

case "${1:-}" in
-*) set -- mariadbd "$@" ;;
mysqld) set -- mariadbd "${@:2}" ;;
esac
if [ "$1" = mariadbd ]; then
	if [ "$(id -u)" = 0 ]; then
		mkdir -p /run/mysqld
		find "$data" /run/mysqld \! -user mysql -exec chown mysql: '{}' +
		exec setpriv --reuid=mysql --regid=mysql --clear-groups "$BASH_SOURCE" "$@"
	fi
	if [ ! -d "$data/mysql" ]; then prepare_database; fi
	set -- "$@" --datadir="$data" --socket="$socket" --bind-address=0.0.0.0
fi
exec "$@"
