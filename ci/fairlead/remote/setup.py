"""What makes a fresh server ready: one script, printed for a person or run as root. Pure.

Every line can be run again: what is there already is left alone.
"""

from __future__ import annotations

import base64
import shlex
import textwrap
import zlib

from fairlead.remote.agent import Agent

ROOT = "/srv/fairlead"
LIBRARY = "/usr/local/lib/fairlead"
PLACEHOLDER_KEY = "ssh-ed25519 PASTE-THE-PUBLIC-KEY-OF-THE-DEPLOY-KEY-HERE"
_OPTIONS = f'command="python3 -I {LIBRARY}/door",restrict'
_UNPINNED = 'PINNED = ""'

_LIVE_RESTORE = """\
if [ "$(docker info --format '{{.LiveRestoreEnabled}} {{.Swarm.LocalNodeState}}' 2>/dev/null)" = "false inactive" ]; then
    python3 -I -c 'if True:
        import json, os
        path = "/etc/docker/daemon.json"
        settings = json.load(open(path)) if os.path.exists(path) else {}
        settings.setdefault("live-restore", True)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path + ".new", "w") as file:
            json.dump(settings, file, indent=2)
        os.rename(path + ".new", path)'
    kill -HUP "$(cat /run/docker.pid)"
fi
"""


def render_door(loader: str) -> str:
    """The loader as a forced command: it runs the agents below ``LIBRARY`` and takes no others."""
    assert loader.count(_UNPINNED) == 1
    return loader.replace(_UNPINNED, f'PINNED = "{LIBRARY}/agents"')


def render_setup(
    user: str, public_key: str, root: str = ROOT, *, door: str = "", agent: Agent | None = None
) -> str:
    """The script that prepares a server, for ``sh`` as root.

    Args:
        user: who deploys.
        public_key: the line of ``authorized_keys`` that lets the user in.
        root: the folder that the user owns.
        door: the forced command that the key is restricted to (see ``render_door``); empty: it opens a shell.
        agent: the agent that the door runs.
    """
    name, folder = shlex.quote(user), shlex.quote(root)
    line = f"{_OPTIONS} {public_key.strip()}" if door else public_key.strip()
    key = shlex.quote(line)
    # The same key with other options, from an earlier run, gives way.
    body = shlex.quote(" ".join(public_key.split()[:2]))
    restriction = _restriction(door, agent) if door and agent else ""
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

#    Containers run on while the engine is restarted or has crashed; a reload touches none of them.
{_LIVE_RESTORE}
# 2. The user who deploys: no password, may use Docker. (Whoever may use Docker is root in effect: guard the key.)
id -u {name} >/dev/null 2>&1 || {{ useradd --create-home --shell /bin/sh {name}; usermod --password '*' {name}; }}
usermod --append --groups docker {name}

# 3. The folder where releases live; it changes hands as a whole if it belonged to somebody else.
#    Others stay out of it: the proxy has its admin socket there.
[ ! -d {folder} ] || [ "$(stat -c %U {folder})" = {name} ] || chown -R {name} {folder}
install -d -o {name} -g "$(id -gn {name})" -m 0750 {folder}

{restriction}# 4. The key that lets the user in.
home="$(getent passwd {name} | cut -d: -f6)"
install -d -o {name} -g "$(id -gn {name})" -m 0700 "$home/.ssh"
touch "$home/.ssh/authorized_keys"
if ! grep -qxF {key} "$home/.ssh/authorized_keys"; then
    {{ grep -vF {body} "$home/.ssh/authorized_keys" || true; echo {key}; }} >"$home/.ssh/authorized_keys.new"
    mv "$home/.ssh/authorized_keys.new" "$home/.ssh/authorized_keys"
fi
chown {name} "$home/.ssh/authorized_keys"
chmod 0600 "$home/.ssh/authorized_keys"

# 5. This server's own key: compare it with the line that goes into known_hosts.
ssh-keygen -l -f /etc/ssh/ssh_host_ed25519_key.pub
"""


def _restriction(door: str, agent: Agent) -> str:
    """The lines that install the agent and the door, owned by root: who has the key can change neither."""
    packed = "\n".join(textwrap.wrap(base64.b64encode(zlib.compress(agent.content, 9)).decode(), 110))
    return f"""\
# The door: the one command that the key may run, and the one agent that it starts.
install -d -m 0755 {LIBRARY} {LIBRARY}/agents
cat >{LIBRARY}/door.new <<'END_OF_DOOR'
{door.rstrip()}
END_OF_DOOR
mv {LIBRARY}/door.new {LIBRARY}/door
if [ ! -d {LIBRARY}/agents/{agent.sha256} ]; then
    base64 -d <<'END_OF_AGENT' | python3 -I -c 'if True:
        import hashlib, io, os, sys, zipfile, zlib
        content = zlib.decompress(sys.stdin.buffer.read())
        folder = sys.argv[1]
        assert hashlib.sha256(content).hexdigest() == os.path.basename(folder), "the agent arrived damaged"
        zipfile.ZipFile(io.BytesIO(content)).extractall(folder + ".new")
        os.rename(folder + ".new", folder)' {LIBRARY}/agents/{agent.sha256}
{packed}
END_OF_AGENT
    python3 -I -m compileall -q {LIBRARY}/agents/{agent.sha256}
fi

"""
