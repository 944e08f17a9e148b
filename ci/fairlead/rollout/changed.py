"""What a change makes different from the release before, for whoever reads how it ended. It never fails a deploy."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fairlead.errors import FairleadError
from fairlead.identity import list_commits

if TYPE_CHECKING:
    from fairlead.app.split import Pin
    from fairlead.host.wire.status import StateAnswer
    from fairlead.image.documents import BuildDocument, ScanDocument

_MOST_COMMITS = 50


def changes_of(
    root: Path, before: StateAnswer, revision: str, own: Mapping[str, Pin], work_dir: Path
) -> dict[str, Any]:
    """The ``changes`` of a deploy: the commits since the release that served, and our images with their chain."""
    build, scan = _built(work_dir, revision)
    return {
        **_commits(root, before.revision, revision),
        "images": [_image(name, pin, before, build, scan) for name, pin in own.items()],
    }


def back_of(root: Path, before: StateAnswer, target: str | None) -> dict[str, Any]:
    """The ``changes`` of a rollback: the commits that it takes back."""
    revision = next((one.revision for one in before.releases if one.id == (target or before.previous)), "")
    taken = _commits(root, revision or None, before.revision or "")
    return {**taken, "back": True, "images": []}


def _commits(root: Path, older: str | None, newer: str) -> dict[str, Any]:
    """``commits`` is None where the checkout does not have that history."""
    found = None
    if older and newer:
        with contextlib.suppress(FairleadError):
            found = list_commits(root, older, newer)
    commits = None if found is None else [{"revision": one, "subject": said} for one, said in found]
    return {
        "before": older,
        "after": newer,
        "commits": commits if commits is None else commits[:_MOST_COMMITS],
        "count": None if commits is None else len(commits),
    }


def _built(work_dir: Path, revision: str) -> tuple[BuildDocument | None, ScanDocument | None]:
    """What an earlier step has left here of this very commit."""
    from fairlead.image.documents import load_build, load_scan

    with contextlib.suppress(FairleadError, OSError):
        build = load_build(work_dir)
        if build.revision == revision:
            return build, load_scan(work_dir)
    return None, None


def _image(
    name: str, pin: Pin, before: StateAnswer, build: BuildDocument | None, scan: ScanDocument | None
) -> dict[str, Any]:
    built = build.images.get(name) if build is not None else None
    scanned = scan.images.get(name) if scan is not None else None
    passed = scanned is not None and scanned.verdict == "pass"
    ran = [one.digest for one in before.services if one.image.partition("@")[0] == pin.repository]
    return {
        "image": name,
        "digest": pin.digest,
        "before": next(filter(None, ran), None),
        "built": built.digest if built is not None else None,
        "scanned": scanned.digest if scanned is not None and passed else None,
        "published": pin.digest,
    }
