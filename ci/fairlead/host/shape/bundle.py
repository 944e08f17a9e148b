"""A release on disk, ``releases/<id>/``: immutable, written whole, enough to start it again years later."""

from __future__ import annotations

import hashlib
import secrets
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional

from ..disk.atomic import make_folder, sync_folder, write_file
from ..disk.paths import Paths
from ..wire.caddy.snippet import render_switch
from ..wire.document import load_release
from ..wire.errors import InputFault
from ..wire.names import RELEASE_ID
from ..wire.plainjson import parse_json
from ..wire.release import Release
from ..wire.signature import Signed, parse_signature
from .project import render_json, render_platform_project, render_release_project
from .rotation import apply_rotations

_DOCUMENT = "release.json"
_COMPOSE = "compose.json"
_PLATFORM = "platform.json"
_HOMES = "homes.json"
_SIGNED = "signed.json"
_SUMS = "sums.json"
"""The sha256 of each of these as it was written: a bundle is read again months later, and believed only as it was."""


@dataclass(frozen=True)
class Bundle:
    """A release and, for each rolled service, the release whose containers serve it: itself, or an older one.

    ``signed`` is what was signed of it, before secrets were given other values.
    """

    id: str
    release: Release
    homes: Mapping[str, str]
    signed: Optional[Signed] = None


def compose_file(paths: Paths, release: str) -> Path:
    """The Compose file of a release's own project."""
    return paths.release(release) / _COMPOSE


def write_bundle(paths: Paths, bundle: Bundle) -> None:
    """Write the bundle's folder, whole or not at all."""
    make_folder(paths.releases)
    target = paths.release(bundle.id)
    scratch = target.with_name(f".{bundle.id}.{secrets.token_hex(6)}")
    make_folder(scratch)
    documents = {_DOCUMENT: bundle.release.document, _HOMES: bundle.homes, **_projects(paths, bundle)}
    if bundle.signed is not None:
        documents[_SIGNED] = bundle.signed.to_json()
    texts = {name: render_json(document) for name, document in documents.items()}
    texts[_SUMS] = render_json({name: _sum(text) for name, text in texts.items()})
    for name, text in texts.items():
        write_file(scratch / name, text)
    scratch.rename(target)
    sync_folder(paths.releases)


def rewrite_projects(paths: Paths, bundle: Bundle) -> None:
    """Write the projects again that are made from the release document, where what they are made of has changed."""
    folder = paths.release(bundle.id)
    sums = _read_sums(folder)
    for name, document in _projects(paths, bundle).items():
        file, text = folder / name, render_json(document)
        if not file.exists() or file.read_bytes() != text:
            write_file(file, text)
            sums = {**sums, name: _sum(text)} if sums else sums
    if sums != _read_sums(folder):
        write_file(folder / _SUMS, render_json(sums))


def mend_projects(paths: Paths, bundle: Bundle) -> bool:
    """Make the projects of a bundle again from its document where they are not as they were written; whether so."""
    folder = paths.release(bundle.id)
    damaged = not _is_sound(folder, (_COMPOSE, _PLATFORM))
    if damaged:
        rewrite_projects(paths, bundle)
    return damaged


def _projects(paths: Paths, bundle: Bundle) -> dict[str, Mapping[str, Any]]:
    release = bundle.release
    started = [name for name, home in bundle.homes.items() if home == bundle.id]
    return {
        _COMPOSE: render_release_project(release, bundle.id, paths, started),
        _PLATFORM: render_platform_project(release, paths, render_switch(h2c=release.has_h2c)),
    }


def read_bundle(paths: Paths, release: Optional[str]) -> Optional[Bundle]:
    """The bundle of a release, with the values of secrets that were rotated after it; None without a sound one."""
    if release is None or not RELEASE_ID.fullmatch(release):
        return None
    folder = paths.release(release)
    if not _is_sound(folder, (_DOCUMENT, _HOMES)):
        return None
    try:
        document = load_release((folder / _DOCUMENT).read_bytes())
        homes = parse_json((folder / _HOMES).read_bytes())
    except (OSError, ValueError, InputFault):
        return None
    if not isinstance(homes, dict) or not all(RELEASE_ID.fullmatch(str(home)) for home in homes.values()):
        return None
    return Bundle(release, apply_rotations(paths, release, document), homes, _read_signed(folder / _SIGNED))


def _read_signed(file: Path) -> Optional[Signed]:
    try:
        raw = parse_json(file.read_bytes())
        return Signed(raw["document"], parse_signature(raw["signature"]))
    except (OSError, ValueError, KeyError, TypeError, InputFault):
        return None


def _is_sound(folder: Path, names: Sequence[str]) -> bool:
    """Whether these files are as they were written; a bundle of an older version does not say how that was."""
    sums = _read_sums(folder)
    try:
        return not sums or all(sums[name] == _sum((folder / name).read_bytes()) for name in names)
    except (OSError, KeyError):
        return False


def _read_sums(folder: Path) -> Mapping[str, str]:
    try:
        sums = parse_json((folder / _SUMS).read_bytes())
    except (OSError, ValueError):
        return {}
    return sums if isinstance(sums, dict) else {}


def _sum(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()


def remove_bundle(paths: Paths, release: str) -> None:
    """Remove the bundle of a release that nothing points to."""
    shutil.rmtree(paths.release(release), ignore_errors=True)
