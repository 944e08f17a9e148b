"""Whose the app on this host is, and whether a request is its owner's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Optional

from ..disk.paths import Paths, app_paths, list_apps
from ..wire.errors import InputFault
from ..wire.frames import Frame
from ..wire.names import RELEASE_ID
from ..wire.owner import Owner, explain_stranger, owner_of, parse_owner
from ..wire.plainjson import parse_json
from ..wire.release import Release

OF_HOST = frozenset({"hello", "check"})
"""Requests that are about the host, and not about an app of it."""
_READING = frozenset({"state", "plan", "history", "logs", "attach"})
"""What a client may ask that is too old to name an environment: it changes nothing."""
_TAKING_OVER = frozenset({"state", "plan", "deploy", "repair", "order", "attach"})
"""What a deploy with ``--take-over`` asks for on its way."""


def read_owner(paths: Paths) -> Optional[Owner]:
    """Whose the app on this host is; None where nobody's release was ever here.

    The first commit writes it down. A state of an older version, or a first deploy that has not ended, is told by its
    releases, and an app that is half removed by what its removal has written.
    """
    return (
        parse_owner(read_record(paths.origin))
        or parse_owner(read_record(paths.removing).get("owner"))
        or next(_owners_of_releases(paths), None)
    )


def find_namesakes(paths: Paths, release: Release) -> list[str]:
    """What else this very app and environment is called on this host."""
    wanted = owner_of(release)
    found = []
    for name in list_apps(paths.root):
        owner = read_owner(Paths(paths.root, name)) if name != paths.app else None
        if owner and owner.is_same(wanted) and (owner.app or name) == release.configured_app:
            found.append(name)
    return found


def refuse_stranger(root: Path, frame: Frame) -> None:
    """Let a request pass that is by the app's owner, or about an app that is nobody's yet.

    Raises:
        InputFault: the app is another environment's, another repository's or another folder's; or a client would change
            it that names none.
    """
    request, app = str(frame.get("request")), frame.get("app")
    release = frame.get("release")
    document = release if isinstance(release, Mapping) else {}
    app = document.get("app") if app is None else app
    if request in OF_HOST or not isinstance(app, str):
        return
    paths = app_paths(root, app)
    if request in _TAKING_OVER and _takes_over(frame):
        return
    claims = [_claim(frame, "repository")] if "environment" in frame else []
    claims += [_claim(document, "source")] if document else []
    owner = read_owner(paths)
    if owner is None:
        return
    for claim in claims:
        if not owner.accepts(claim):
            raise explain_stranger(paths.app, owner, claim)
    if not claims and request not in _READING:
        raise InputFault(
            f"the request does not say which environment of {app} it means",
            why=f"the app {app} on this host is {owner}, and what a client changes it has to name: this one is too old",
            fix="use the same version of fairlead on both ends",
        )


def require_owner(paths: Paths, claim: Owner) -> None:
    """The same of a task, under the app's lock: while it waited, the app may have become another's.

    Raises:
        InputFault: it has.
    """
    owner = read_owner(paths)
    if owner is not None and not owner.accepts(claim):
        raise explain_stranger(paths.app, owner, claim)


def _claim(said: Mapping[str, Any], source: str) -> Owner:
    # What is no text matches no owner.
    environment = said.get("environment")
    named = environment if isinstance(environment, str) and environment else f"{environment!r}"
    repository, directory = (
        "" if one is None else str(one) for one in (said.get(source), said.get("directory"))
    )
    return Owner(repository, named, directory=directory)


def owner_after(known: Optional[Owner], release: Release, *, is_new: bool) -> Owner:
    """Whose the app is once a release is committed. Pure.

    One that has come back, or has new values of secrets only, may be of before the app was taken over: it gives the app
    to nobody. What folder it lies in stays known where an older client does not say it.
    """
    claim = owner_of(release)
    if known is None:
        return claim
    if not is_new:
        return known
    return claim if claim.directory or not known.is_same(claim) else replace(claim, directory=known.directory)


def _takes_over(frame: Frame) -> bool:
    options = frame.get("options")
    return frame.get("take_over") is True or (
        isinstance(options, Mapping) and options.get("take_over") is True
    )


def _owners_of_releases(paths: Paths) -> Iterator[Owner]:
    """Those of the release that serves and of the others that lie here, newest first."""
    # Imported here: as good as never needed, and the door answers sooner without it.
    from ..disk.routes import read_live
    from ..shape.bundle import read_bundle

    names = [entry.name for entry in paths.releases.iterdir()] if paths.releases.is_dir() else []
    for name in (read_live(paths), *sorted(filter(RELEASE_ID.fullmatch, names), reverse=True)):
        bundle = read_bundle(paths, name)
        if bundle is not None:
            yield owner_of(bundle.release)


def read_record(file: Path) -> Mapping[str, Any]:
    """A small file of ours; empty where there is none, or none that can be read."""
    try:
        raw = parse_json(file.read_bytes())
    except (OSError, ValueError):
        return {}
    return raw if isinstance(raw, dict) else {}
