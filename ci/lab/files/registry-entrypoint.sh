#!/bin/bash
# The registry behind a door: Caddy checks the login, docker-registry stores. If one ends, both end.
set -eu

docker-registry serve /etc/fairlead/registry.yml &
caddy run --config /etc/fairlead/Caddyfile --adapter caddyfile &
trap 'kill $(jobs -p) 2>/dev/null || true' EXIT
trap 'exit 0' INT TERM
wait -n
