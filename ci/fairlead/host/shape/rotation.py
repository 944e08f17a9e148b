"""New values of secrets, and what becomes of the old ones.

A rotation is a release like the one that serves, with another value of some secret. From its commit on the values
before it are revoked: an older release that is gone back to reads the new value, no deploy brings an old one back,
and the files are removed. What was committed stands in the journal; ``rotations.json`` is made from it, for whoever
reads a bundle.
"""

from __future__ import annotations

import contextlib
import difflib
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..disk.atomic import write_file
from ..disk.keys import read_keys
from ..disk.ledger import Rotation
from ..disk.paths import Paths
from ..wire.document import parse_release
from ..wire.errors import InputFault
from ..wire.marks import all_marks
from ..wire.names import DIGEST
from ..wire.plainjson import parse_json
from ..wire.release import Release, service_hash


def replace_secrets(release: Release, values: Mapping[str, str]) -> Release:
    """The release with these values (name -> mark); who reads them has another identity, a job has not.

    Raises:
        InputFault: it has no such secret.
    """
    for name in values:
        if name not in release.secrets:
            near = difflib.get_close_matches(name, release.secrets, n=1, cutoff=0.6)
            known = ", ".join(sorted(release.secrets)) or "none"
            raise InputFault(
                f"release has no secret {name[:60]!r}",
                fix=f"did you mean {near[0]}?" if near else f"known here: {known}",
            )
    secrets = {**release.secrets, **values}
    services: dict[str, Any] = dict(release.document["services"])
    for name, service in release.services.items():
        if not service.is_job and any(mount.secret in values for mount in service.mounts):
            raw = services[name]
            services[name] = {**raw, "hash": service_hash(raw["definition"], raw["mounts"], secrets)}
    document = {**release.document, "services": services, "secrets": secrets}
    if release.commit.run:
        # Another job's, or nobody's: not the one that deployed the commit.
        document["commit"] = {name: text for name, text in document["commit"].items() if name != "run"}
    return parse_release(document)


def stored_values(paths: Paths, name: str, *, but: str = "") -> frozenset[str]:
    """What the values of a secret that lie on this host are called, by every key; without the value called ``but``."""
    folder, keys = paths.secrets / name, read_keys(paths)
    found: set[str] = set()
    for entry in folder.iterdir() if folder.is_dir() else ():
        if DIGEST.fullmatch(entry.name):
            marks = {entry.name}
            with contextlib.suppress(OSError):
                marks |= all_marks(name, entry.read_bytes(), keys) - {_plain(entry)}
            found |= marks if but not in marks else set()
    return frozenset(found)


def _plain(entry: Path) -> str:
    """The sha256 of a value that is not called so: it must not stand in the journal."""
    plain = hashlib.sha256(entry.read_bytes()).hexdigest()
    return "" if plain == entry.name else plain


def write_rotations(paths: Paths, rotations: Mapping[str, Rotation]) -> None:
    """Write down what was rotated, for ``read_rotations``."""
    text = json.dumps({name: one.to_json() for name, one in sorted(rotations.items())}, indent=1).encode()
    if rotations and (not paths.rotations.exists() or paths.rotations.read_bytes() != text):
        write_file(paths.rotations, text)


def read_rotations(paths: Paths) -> dict[str, Rotation]:
    """What was rotated, by the name of the secret."""
    try:
        raw = parse_json(paths.rotations.read_bytes())
        return {
            str(name): Rotation(str(one["release"]), str(one["value"]), frozenset(map(str, one["revoked"])))
            for name, one in raw.items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def apply_rotations(paths: Paths, release_id: str, release: Release) -> Release:
    """A release as it would be started today: what was rotated after it has the new value."""
    values = {
        name: one.value
        for name, one in read_rotations(paths).items()
        if release_id < one.release and release.secrets.get(name, one.value) != one.value
    }
    return replace_secrets(release, values) if values else release


def refuse_revoked(paths: Paths, secrets: Mapping[str, str]) -> None:
    """Let no deploy bring back a value that was rotated away.

    Raises:
        InputFault: it would.
    """
    rotations = read_rotations(paths)
    old = sorted(
        name for name, value in secrets.items() if name in rotations and value in rotations[name].revoked
    )
    if old:
        raise InputFault(
            f"this deploy has an old value of the secret {', '.join(old)}, which was rotated away",
            why="a value is rotated because nobody should use it any more",
            fix="give the new value where the deploy takes it from: the secrets of the repository, FAIRLEAD_SECRET_<NAME>, "
            "--secrets-dir; to go back to the old value on purpose, `fairlead secrets set`",
        )
