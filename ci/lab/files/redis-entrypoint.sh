#!/bin/sh
# Starts Redis as the official image does: as root it takes /data over and steps down, as another user it just starts.
set -e

case "$1" in
-* | *.conf) set -- redis-server "$@" ;;
esac

# The official image is compiled without protected mode: other containers may connect without a password.
case "$*" in
*protected-mode* | *--version* | *--help*) ;;
redis-server*) set -- "$@" --protected-mode no ;;
esac

if [ "$1" = redis-server ] && [ "$(id -u)" = 0 ]; then
	find . \! -user redis -exec chown redis '{}' +
	exec setpriv --reuid=redis --regid=redis --clear-groups "$@"
fi

if [ "$(umask)" = 0022 ]; then umask 0077; fi
exec "$@"
