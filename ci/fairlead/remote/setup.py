"""What makes a fresh server ready: one script, printed for a person or run as root. Pure.

Every line can be run again: what is there already is left alone. Nothing that somebody gave stands in it as it came:
a user and a folder match narrow patterns, a key was taken apart and is written anew, files travel as base64.
"""

from __future__ import annotations

import base64
import json
import re
import shlex
import textwrap
import zlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from fairlead.errors import InputError
from fairlead.host.wire.compose.reach import KINDS
from fairlead.host.wire.names import APP_NAME
from fairlead.host.wire.restriction import VERBS
from fairlead.host.wire.setup import DIRECTORY_FILE, POLICY_SCHEMA, ROOT_FILE, TRUSTED_FILE, Authority
from fairlead.remote.agent import Agent
from fairlead.remote.public_key import PublicKey
from fairlead.remote.setup_scripts import ADMIT, LIVE_RESTORE, UNPACK

ROOT = "/srv/fairlead"
LIBRARY = "/usr/local/lib/fairlead"
PLACEHOLDER_KEY = "ssh-ed25519 PASTE-THE-PUBLIC-KEY-OF-THE-DEPLOY-KEY-HERE"
NONE = "none"
_PINS = ('PINNED = ""', 'PINNED_ROOT = ""')
_USER = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,31}")
_ROOT = re.compile(r"(/[A-Za-z0-9_. -]+)+")


@dataclass(frozen=True)
class Restriction:
    """What a key is held to, beside the door: which apps, which verbs; None is all.

    ``forbid`` and ``signers`` are the host's own policy, for every key: kinds of ``host.wire.compose.reach`` and the content of a
    file of allowed signers; None leaves what is there, empty takes it away.
    """

    door: str
    agent: Agent
    apps: Sequence[str] | None = None
    verbs: Sequence[str] | None = None
    forbid: Sequence[str] | None = None
    signers: bytes | None = None


def render_door(loader: str, library: str = LIBRARY, root: str = ROOT) -> str:
    """The loader as a forced command: it runs the one agent of ``library`` and takes no others."""
    assert all(loader.count(f"{pin}\n") == 1 for pin in _PINS)
    for pin, folder in zip(_PINS, (f"{library}/agents", root), strict=True):
        loader = loader.replace(f"{pin}\n", f"{pin[:-2]}{json.dumps(folder)}\n")
    return loader


def render_setup(
    user: str,
    key: PublicKey | None,
    root: str = ROOT,
    *,
    restriction: Restriction | None = None,
    trusted: Sequence[str] | None = None,
    authority: Authority | None = None,
) -> str:
    """The script that prepares a server, for ``sh`` as root.

    Args:
        user: who deploys.
        key: lets the user in; None is a place for one, to be filled in by hand.
        root: the folder that the user owns.
        restriction: what the key is held to; None: it opens a shell.
        trusted: networks of proxies in front that the edge heeds; None leaves what is there, empty takes it away.
        authority: who certifies the names behind the edge; None leaves what is there, the public ones take it away.

    Raises:
        InputError: the user, the folder or the restriction is not one that may stand in a script of root's.
    """
    _require(_USER, user, "user of a server")
    _require(_ROOT, root, "folder of a server")
    name, folder = shlex.quote(user), shlex.quote(root)
    door = _door(restriction, folder) if restriction is not None else ""
    return f"""\
#!/bin/sh
# Prepares a server for Fairlead. Run as root; running it again changes nothing.
set -eu

# 1. Docker Engine 25 or newer, Compose 2.24 or newer, Python 3.9 or newer.
#    Debian 13 and Ubuntu 24.04 have them; elsewhere: https://docs.docker.com/engine/install/
if ! command -v docker >/dev/null || ! docker compose version >/dev/null 2>&1 || ! command -v python3 >/dev/null; then
    command -v apt-get >/dev/null || {{
        printf '%s\\n' "install Docker Engine, Compose and python3, then run this again" >&2
        exit 1
    }}
    apt-get update
    apt-get install -y python3 docker.io
    apt-get install -y docker-compose-v2 || apt-get install -y docker-cli docker-compose
fi
if command -v systemctl >/dev/null && [ -d /run/systemd/system ]; then systemctl enable --now docker; fi

#    Containers run on while the engine is restarted or has crashed; a reload touches none of them.
{LIVE_RESTORE}
# 2. The user who deploys: no password, may use Docker. (Whoever may use Docker is root in effect: guard the key.)
id -u {name} >/dev/null 2>&1 || {{ useradd --create-home --shell /bin/sh {name}; usermod --password '*' {name}; }}
usermod --append --groups docker {name}

# 3. The folder where releases live; it changes hands as a whole if it belonged to somebody else.
#    Others stay out of it: the proxy has its admin socket there.
[ ! -d {folder} ] || [ "$(stat -c %U {folder})" = {name} ] || chown -R {name} {folder}
install -d -o {name} -g "$(id -gn {name})" -m 0750 {folder}

{door}{_render_trusted(trusted)}{_render_authority(authority)}# 4. The key that lets the user in. Where it is restricted, the list of keys belongs to root.
{render_admission(user, key, restriction)}
# 5. This server's own key: compare it with the line that goes into known_hosts.
ssh-keygen -l -f /etc/ssh/ssh_host_ed25519_key.pub
"""


def _render_trusted(trusted: Sequence[str] | None) -> str:
    """The lines that say which proxies in front the edge heeds: root's word, for all apps of the host."""
    if trusted is None:
        return ""
    head = "# The proxies in front whose word on scheme and client the edge heeds. A running edge: deploy --upgrade-edge.\n"
    file = f"{LIBRARY}/{TRUSTED_FILE}"
    if not trusted:
        return f"{head}rm -f {file}\n\n"
    content = "".join(f"{one}\n" for one in trusted)
    return f"{head}install -d -m 0755 {LIBRARY}\n{_file(file, content.encode())}\n"


def _render_authority(authority: Authority | None) -> str:
    """The lines that say who certifies the names behind the edge: root's word, for all apps of the host."""
    if authority is None:
        return ""
    head = "# Who certifies the names behind the edge. A running edge: deploy --upgrade-edge.\n"
    directory, root = f"{LIBRARY}/{DIRECTORY_FILE}", f"{LIBRARY}/{ROOT_FILE}"
    if not authority.directory:
        return f"{head}rm -f {directory} {root}\n\n"
    trust = _file(root, authority.root.encode()) if authority.root else f"rm -f {root}\n"
    made = f"install -d -m 0755 {LIBRARY}\n{trust}{_file(directory, authority.directory.encode())}"
    return f"{head}{made}\n"


def render_admission(user: str, key: PublicKey | None, restriction: Restriction | None) -> str:
    """The lines that put the key into the user's ``authorized_keys``, in place of the same key with other options.

    Raises:
        InputError: there is no key to restrict, or it is held to what does not exist.
    """
    _require(_USER, user, "user of a server")
    if restriction is not None and key is None:
        raise InputError("which key shall be restricted?", fix="name it with --public-key or --identity")
    options = _options(key, restriction) if restriction is not None and key is not None else ""
    line = key.line if key is not None else PLACEHOLDER_KEY
    words = (user, options, line, f"{LIBRARY}/door")
    return f"python3 -I -c '{ADMIT}' {shlex.join(words)}\n"


def _options(key: PublicKey, restriction: Restriction) -> str:
    """The options of the key's line: the door, which key comes through it, what it may."""
    words = ["python3", "-I", f"{LIBRARY}/door", "--key", key.fingerprint]
    for option, given in (("--apps", restriction.apps), ("--verbs", restriction.verbs)):
        words += [option, ",".join(given)] if given is not None else []
    for app in restriction.apps or ():
        _require(APP_NAME, app, "app")
    _require_known(restriction.verbs or (), VERBS, "verb")
    if any(given is not None and not given for given in (restriction.apps, restriction.verbs)):
        raise InputError("a key that may do nothing lets nobody in", fix="name an app, or a verb")
    command = shlex.join(words)
    assert '"' not in command
    return f'restrict,command="{command}"'


def _door(restriction: Restriction, folder: str) -> str:
    """The lines that install the agent and the door, owned by root: who has the key can change neither.

    Args:
        restriction: with the agent, the door and the host's policy.
        folder: where the apps are, quoted; their own commands name an agent.
    """
    _require_known(restriction.forbid or (), KINDS, "kind")
    agents = f"{LIBRARY}/agents"
    name = restriction.agent.sha256
    policy = ""
    if restriction.forbid is not None:
        text = json.dumps({"schema": POLICY_SCHEMA, "forbid": sorted(restriction.forbid)}, indent=2) + "\n"
        policy += _file(f"{LIBRARY}/policy.json", text.encode())
    if restriction.signers is not None:
        policy += (
            _file(f"{LIBRARY}/signers", restriction.signers)
            if restriction.signers
            else f"rm -f {LIBRARY}/signers\n"
        )
    return f"""\
# The door: the one command that the key may run, and the one agent that it starts. The agent before it stays for
# tasks that began with it, and those that an app's own command on this server names; no key can choose them.
install -d -m 0755 {LIBRARY} {agents}
{_file(f"{LIBRARY}/door", restriction.door.encode())}\
if [ ! -d {agents}/{name} ]; then
    base64 -d <<'END_OF_AGENT' | python3 -I -c '{UNPACK}' {agents}/{name}
{_wrapped(zlib.compress(restriction.agent.content, 9))}
END_OF_AGENT
    python3 -I -m compileall -q {agents}/{name}
fi
before="$(cat {agents}/current 2>/dev/null || true)"
{_file(f"{agents}/current", name.encode())}\
for one in {agents}/????????????????????????????????????????????????????????????????; do
    [ "${{one##*/}}" = {name} ] || [ "${{one##*/}}" = "$before" ] ||
        grep -qsF "${{one##*/}}" {folder}/*/fairlead || rm -rf "$one"
done
{policy}
"""


def _file(path: str, content: bytes) -> str:
    """The lines that write a file of root's, at once; what is in it is not the shell's to read."""
    return f"""\
base64 -d <<'END_OF_FILE' >{path}.new
{_wrapped(content)}
END_OF_FILE
chmod 0644 {path}.new
mv {path}.new {path}
"""


def _wrapped(content: bytes) -> str:
    return "\n".join(textwrap.wrap(base64.b64encode(content).decode(), 110))


def _require(pattern: re.Pattern[str], text: str, what: str) -> None:
    if not pattern.fullmatch(text):
        raise InputError(
            f"{text[:60]!r} is no {what}",
            why=f"it goes into a script that root runs: it has to match {pattern.pattern}",
            fix="correct it, in fairlead.yaml or on the command line",
        )


def _require_known(given: Sequence[str], known: Collection[str], what: str) -> None:
    for one in given:
        if one not in known:
            raise InputError(f"there is no {what} {one[:60]!r}", fix=f"there are {', '.join(known)}")
