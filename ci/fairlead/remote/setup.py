"""What makes a fresh server ready: one script, printed for a person or run as root. Pure.

Every line can be run again: what is there already is left alone.
"""

from __future__ import annotations

import shlex

ROOT = "/srv/fairlead"
PLACEHOLDER_KEY = "ssh-ed25519 PASTE-THE-PUBLIC-KEY-OF-THE-DEPLOY-KEY-HERE"


def render_setup(user: str, public_key: str, root: str = ROOT) -> str:
    """The script that prepares a server, for ``sh`` as root.

    Args:
        user: who deploys.
        public_key: the line of ``authorized_keys`` that lets the user in.
        root: the folder that the user owns.
    """
    name, key, folder = shlex.quote(user), shlex.quote(public_key.strip()), shlex.quote(root)
    return f"""\
#!/bin/sh
# Prepares a server for Fairlead. Run as root; running it again changes nothing.
set -eu

# 1. Docker Engine 25 or newer, Compose 2.24 or newer, Python 3.9 or newer.
#    Debian 13 and Ubuntu 24.04 have them; elsewhere: https://docs.docker.com/engine/install/
if ! command -v docker >/dev/null || ! docker compose version >/dev/null 2>&1 || ! command -v python3 >/dev/null; then
    command -v apt-get >/dev/null || {{ echo "install Docker Engine, Compose and python3, then run this again" >&2; exit 1; }}
    apt-get update
    apt-get install -y python3 docker.io
    apt-get install -y docker-compose-v2 || apt-get install -y docker-cli docker-compose
fi
if command -v systemctl >/dev/null && [ -d /run/systemd/system ]; then systemctl enable --now docker; fi

# 2. The user who deploys: no password, may use Docker. (Whoever may use Docker is root in effect: guard the key.)
id -u {name} >/dev/null 2>&1 || {{ useradd --create-home --shell /bin/sh {name}; usermod --password '*' {name}; }}
usermod --append --groups docker {name}

# 3. The folder where releases live; it changes hands as a whole if it belonged to somebody else.
#    Others stay out of it: the proxy has its admin socket there.
[ ! -d {folder} ] || [ "$(stat -c %U {folder})" = {name} ] || chown -R {name} {folder}
install -d -o {name} -g "$(id -gn {name})" -m 0750 {folder}

# 4. The key that lets the user in.
home="$(getent passwd {name} | cut -d: -f6)"
install -d -o {name} -g "$(id -gn {name})" -m 0700 "$home/.ssh"
touch "$home/.ssh/authorized_keys"
grep -qxF {key} "$home/.ssh/authorized_keys" || echo {key} >>"$home/.ssh/authorized_keys"
chown {name} "$home/.ssh/authorized_keys"
chmod 0600 "$home/.ssh/authorized_keys"

# 5. This server's own key: compare it with the line that goes into known_hosts.
ssh-keygen -l -f /etc/ssh/ssh_host_ed25519_key.pub
"""
