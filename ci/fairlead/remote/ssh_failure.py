"""What ssh's own words mean: one clear error for each way in which a connection fails.

ssh answers 255 for every failure of its own, so its text is all there is to tell them apart.
It is in English whatever the locale; the patterns are those of OpenSSH 7.4 to 10.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from fairlead.errors import CommandFailedError
from fairlead.remote.ssh import Access

_TAIL = 12


class Cause(Enum):
    """Why there is no connection."""

    NAME = auto()
    REFUSED = auto()
    UNREACHABLE = auto()
    CUT = auto()
    DENIED = auto()
    KEY_FILE = auto()
    OPEN_KEY_FILE = auto()
    CLOSED_KEY_FILE = auto()
    UNKNOWN_HOST_KEY = auto()
    CHANGED_HOST_KEY = auto()
    NO_PYTHON = auto()
    LOST = auto()


# The first that matches wins: a changed host key also ends with "Permission denied" in some releases,
# and an unreadable key file always does.
_PATTERNS: tuple[tuple[Cause, str], ...] = (
    (Cause.CHANGED_HOST_KEY, r"REMOTE HOST IDENTIFICATION HAS CHANGED|Host key for \S+ has changed"),
    (Cause.UNKNOWN_HOST_KEY, r"No \S+ host key is known for|Host key verification failed"),
    (Cause.OPEN_KEY_FILE, r"UNPROTECTED PRIVATE KEY FILE"),
    (Cause.CLOSED_KEY_FILE, r"Load key .*: Permission denied"),
    (Cause.KEY_FILE, r"Load key .*: (?:invalid format|error in libcrypto)"),
    (Cause.NAME, r"Could not resolve hostname"),
    (Cause.REFUSED, r"Connection refused"),
    (Cause.UNREACHABLE, r"timed out|No route to host|Network is unreachable|Host is down"),
    (Cause.DENIED, r"Permission denied \(|Too many authentication failures|no more authentication methods"),
    (Cause.CUT, r"kex_exchange_identification|Connection (?:closed|reset) by|banner exchange"),
    (
        Cause.NO_PYTHON,
        r"python3: (?:command )?not found|python3'?: No such file|[Uu]nknown command:? '?python3",
    ),
)
_KEY_NAME = re.compile(r"No (?P<kind>\S+) host key is known for (?P<name>\S+) and")
_FINGERPRINT = re.compile(r"^(?P<fingerprint>SHA256:[A-Za-z0-9+/=]+)\.?$", re.MULTILINE)
_OFFENDING = re.compile(r"Offending \S+ key in (?P<place>.+:\d+)")


@dataclass(frozen=True)
class ScannedKey:
    """A host key as the server itself gives it: the line for known_hosts, and its fingerprint."""

    line: str
    fingerprint: str


def parse_cause(stderr: str) -> Cause:
    """Why ssh failed, from what it printed."""
    for cause, pattern in _PATTERNS:
        if re.search(pattern, stderr):
            return cause
    return Cause.LOST


def parse_refused_key(stderr: str) -> tuple[str, int] | None:
    """The host and port whose key is unknown, as known_hosts names them; None where ssh did not say."""
    match = _KEY_NAME.search(stderr)
    if not match:
        return None
    bracketed = re.fullmatch(r"\[(?P<host>.+)\]:(?P<port>\d+)", match["name"])
    return (bracketed["host"], int(bracketed["port"])) if bracketed else (match["name"], 22)


def explain(access: Access, stderr: str, keys: Sequence[ScannedKey] = ()) -> CommandFailedError:
    """The error for a failed connection.

    Args:
        access: how it was tried.
        stderr: what ssh printed.
        keys: what the server says its keys are, where the host key is the trouble.
    """
    cause = parse_cause(stderr)
    if cause is Cause.UNKNOWN_HOST_KEY:
        return _unknown_key(access, keys)
    if cause is Cause.CHANGED_HOST_KEY:
        return _changed_key(access, stderr, keys)
    what, why, fix = _sentence(cause, access, stderr)
    lines = tuple(line for line in stderr.strip().splitlines() if line.strip())[-_TAIL:]
    if any(line.startswith("Traceback") for line in lines):
        # The agent's own fault: its last line says which, the rest is of no use to who deploys.
        lines = lines[-1:]
    return CommandFailedError(what, why=why, fix=fix, details=lines if cause in _quoted(access) else ())


_SENTENCES: Mapping[Cause, tuple[str, str, str]] = {
    Cause.NAME: (
        "the name {name} cannot be resolved",
        "{said}",
        "check `hosts` in fairlead.yaml, and DNS",
    ),
    Cause.REFUSED: (
        "{host} refuses connections at port {port}",
        "no SSH server listens there",
        "check the port, that sshd runs, and the firewall",
    ),
    Cause.UNREACHABLE: (
        "{host} cannot be reached at port {port}",
        "{said}",
        "check the address, the firewall, and that the server is up: `ssh -v {host}`",
    ),
    Cause.CUT: (
        "{host} closed the connection before anybody could log in",
        "{said}",
        "check that port is SSH's, and the server's limits (MaxStartups, PerSourcePenalties, fail2ban)",
    ),
    Cause.DENIED: (
        "{host} does not accept {key}",
        "{said}",
        "put the public key into authorized_keys on the server (`fairlead host setup` shows how), or try --identity",
    ),
    Cause.KEY_FILE: (
        "ssh cannot use {key}",
        "its text is broken, or was cut off: a key ends with a newline",
        "give it whole, from `-----BEGIN` to `-----END …-----`: `ssh-keygen -y -f {file}` must print a public key",
    ),
    Cause.OPEN_KEY_FILE: (
        "ssh does not use {key}",
        "its file can be read by others",
        "`chmod 600 {file}`",
    ),
    Cause.CLOSED_KEY_FILE: (
        "ssh cannot use {key}",
        "you may not read it",
        '`ls -l {file}` shows whose it is: `sudo chown "$USER" {file}`, or run this as its owner',
    ),
    Cause.NO_PYTHON: (
        "python3 is missing on {host}",
        "the agent on the server needs Python 3.9 or newer, nothing else",
        "`apt-get install python3` or the like on the server; `fairlead host setup` prints it all",
    ),
    Cause.LOST: (
        "the connection to {host} was lost",
        "{said}",
        "run the command again: it re-attaches to what is under way",
    ),
}
"""What, why, fix, by cause."""
_OF_KEY = {Cause.KEY_FILE, Cause.OPEN_KEY_FILE, Cause.CLOSED_KEY_FILE}


def _quoted(access: Access) -> set[Cause]:
    """Where ssh's own words are shown too: not those on a file of ours, which is gone when they are read."""
    return {Cause.LOST} if access.origin else {Cause.LOST, *_OF_KEY}


def _key_words(access: Access) -> str:
    if access.origin:
        return f"the key in {access.origin}"
    return f"the key {access.identity}" if access.identity else "your keys"


def _sentence(cause: Cause, access: Access, stderr: str) -> tuple[str, ...]:
    words = {
        "host": str(access.host),
        "name": access.host.name,
        "port": access.host.port,
        "key": _key_words(access),
        "file": access.identity or "KEYFILE",
        "said": _said(stderr) or "ssh ended without a word",
    }
    if access.origin and cause in _OF_KEY:
        # It lies in a file of ours that nobody else can read: only its text can be wrong.
        cause, words["file"] = Cause.KEY_FILE, "KEYFILE"
    return tuple(text.format(**words) for text in _SENTENCES.get(cause, _SENTENCES[Cause.LOST]))


def _unknown_key(access: Access, keys: Sequence[ScannedKey]) -> CommandFailedError:
    known_hosts = access.known_hosts or "~/.ssh/known_hosts"
    return CommandFailedError(
        f"the host key of {access.host} is not known",
        why=f"{known_hosts} has no line for it, and a key is never believed unseen",
        fix=_how_to_add(str(known_hosts), keys),
        details=_key_lines(keys),
    )


def _changed_key(access: Access, stderr: str, keys: Sequence[ScannedKey]) -> CommandFailedError:
    fingerprint = _FINGERPRINT.search(stderr)
    offending = _OFFENDING.search(stderr)
    known_hosts = access.known_hosts or "~/.ssh/known_hosts"
    place = f" ({offending['place'].strip()})" if offending else ""
    sent = f"; the server now sends {fingerprint['fingerprint']}" if fingerprint else ""
    return CommandFailedError(
        f"the host key of {access.host} has changed",
        why=f"it is not the one in {known_hosts}{place}{sent}: "
        "the server was rebuilt, or somebody is between you and it",
        fix="do not go on before you know which. If it was rebuilt: remove that line, then "
        + _how_to_add(str(known_hosts), keys),
        details=_key_lines(keys),
    )


def _how_to_add(known_hosts: str, keys: Sequence[ScannedKey]) -> str:
    if not keys:
        return (
            f"add the server's line to {known_hosts}: `ssh-keyscan HOST` prints it; verify it on the server"
        )
    return (
        f"verify the fingerprint on the server itself (`ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub`), "
        f"then add its line, quoted here, to {known_hosts}"
    )


def _key_lines(keys: Sequence[ScannedKey]) -> tuple[str, ...]:
    return tuple(text for key in keys for text in (key.line, f"  fingerprint {key.fingerprint}"))


def _said(stderr: str) -> str:
    lines = [line.strip() for line in stderr.strip().splitlines() if line.strip()]
    return lines[-1].removeprefix("ssh: ") if lines else ""
