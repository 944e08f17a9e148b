"""How a command gets to a server: which key, which host keys, from options and environment."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from fairlead import files, process
from fairlead.errors import CommandFailedError, InputError, ToolMissingError
from fairlead.remote.private_key import parse_private_key
from fairlead.remote.ssh import Access, keyscan_argv
from fairlead.remote.ssh_failure import Cause, ScannedKey, explain, parse_cause, parse_refused_key
from fairlead.report import redact
from fairlead.settings.values import Environment, Host

KEY_VARIABLE = "FAIRLEAD_SSH_KEY"
_SCAN_SECONDS = 15.0


@dataclass(frozen=True)
class AccessOptions:
    """What the command line says: ``--known-hosts`` and ``--identity``."""

    known_hosts: Path | None = None
    identity: Path | None = None


@contextlib.contextmanager
def open_access(
    host: Host, environment: Environment, options: AccessOptions, environ: Mapping[str, str]
) -> Iterator[Access]:
    """How to get to the host; a key that came in a variable lies in a file of our own for as long as this lasts.

    Raises:
        InputError: a file that was named is not there.
    """
    known_hosts = options.known_hosts or environment.known_hosts
    if known_hosts is not None and not known_hosts.is_file():
        raise InputError(
            f"there is no file {known_hosts} with the servers' host keys",
            fix=f"`ssh-keyscan -t ed25519 {host.name}` prints the line to verify and keep",
        )
    if options.identity is not None:
        if not options.identity.is_file():
            raise InputError(f"there is no key {options.identity}", fix="correct --identity")
        yield Access(host, known_hosts, options.identity.absolute())
    elif environ.get(KEY_VARIABLE):
        redact(environ[KEY_VARIABLE])
        with key_file(environ[KEY_VARIABLE]) as identity:
            yield Access(host, known_hosts, identity, KEY_VARIABLE)
    else:
        yield Access(host, known_hosts)


def explain_failure(access: Access, stderr: str) -> CommandFailedError:
    """The error for a failed connection; for an unknown or changed host key it asks the server for its keys."""
    keys: tuple[ScannedKey, ...] = ()
    if parse_cause(stderr) in {Cause.UNKNOWN_HOST_KEY, Cause.CHANGED_HOST_KEY}:
        name, port = parse_refused_key(stderr) or (access.host.name, access.host.port)
        keys = run_keyscan(name, port)
    return explain(access, stderr, keys)


def run_keyscan(name: str, port: int) -> tuple[ScannedKey, ...]:
    """The server's ed25519 key (another kind only where it has none); empty where it cannot be asked."""
    try:
        scanned = process.run(keyscan_argv(name, port), check=False, timeout=_SCAN_SECONDS)
    except (CommandFailedError, ToolMissingError):
        return ()
    lines = [line for line in scanned.stdout.splitlines() if line and not line.startswith("#")]
    best = [line for line in lines if " ssh-ed25519 " in line] or lines
    return tuple(ScannedKey(line, _fingerprint(line)) for line in best[:1])


def _fingerprint(line: str) -> str:
    done = process.run(("ssh-keygen", "-l", "-f", "-"), stdin=line.encode() + b"\n", check=False)
    words = done.stdout.split()
    return words[1] if done.ok and len(words) > 1 else "unknown"


@contextlib.contextmanager
def key_file(content: str, variable: str = KEY_VARIABLE) -> Iterator[Path]:
    """A private key that came in a variable, in a file of mode 0600, for as long as the block lasts.

    Raises:
        InputError: it is no private key, or one with a passphrase.
    """
    text = parse_private_key(content, variable)
    with files.temporary_folder("fairlead-ssh-") as folder:
        path = folder / "key"
        files.create(path, text, mode=0o600)
        yield path
