"""What a change makes different from the release before, for whoever reads how it ended. It never fails a deploy."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from fairlead.errors import FairleadError
from fairlead.host.wire.result import Acted
from fairlead.identity import list_commits
from fairlead.remote.outcome import read_answer

if TYPE_CHECKING:
    from fairlead.app.split import Pin
    from fairlead.host.wire.status import StateAnswer
    from fairlead.image.documents import BuildDocument, ScanDocument
    from fairlead.remote.outcome import RolloutEnd
    from fairlead.remote.server import Server
    from fairlead.report import Reporter

_Found = TypeVar("_Found")
_MOST_COMMITS = 50


def changes_of(
    root: Path,
    before: StateAnswer,
    release: Mapping[str, Any],
    own: Mapping[str, Pin],
    only: Sequence[str],
    work_dir: Path,
) -> dict[str, Any]:
    """The ``changes`` of a deploy: the commits since the release that served, and our images with their chain.

    Args:
        root: the repository.
        before: how the server stood.
        release: the release document: what each service runs, also one that goes on with the image that it has.
        own: our images of this commit.
        only: the services that are deployed; empty, all.
        work_dir: where an earlier step has left what it built.
    """
    revision = str(release["revision"])
    build, scan = _built(work_dir, revision)
    images: dict[tuple[str, str], dict[str, Any]] = {}
    for service, how in release["services"].items():
        repository, _, digest = str(how.get("image")).partition("@")
        name = next((name for name, pin in own.items() if pin.repository == repository), None)
        if name is not None and (not only or service in only):
            links = _links(name, own[name], digest, build, scan)
            sizes = dict(own[name].sizes) if digest == own[name].digest else {}
            one = {"image": name, "digest": digest, "before": _ran(before, service), "sizes": sizes, **links}
            images.setdefault((name, digest), one)
    commits = _commits(root, before.revision, revision)
    return {**commits, "only": sorted(set(only)), "images": list(images.values())}


def told(find: Callable[[], _Found], reporter: Reporter, *, is_done: bool) -> _Found | None:
    """What is told besides how it ended: None where that goes wrong, which fails nothing.

    Args:
        find: finds it out.
        reporter: hears why it cannot be told.
        is_done: the servers are done, so that who ends the command now has still to hear how it ended.
    """
    try:
        return find()
    except KeyboardInterrupt:
        if not is_done:
            raise
        reporter.warn("what this changes is not told: the command was interrupted")
    except Exception as error:  # noqa: BLE001 - of whatever kind
        reporter.warn(f"what this changes cannot be told: {type(error).__name__}: {error}")
    return None


def since_replaced(
    root: Path,
    changes: dict[str, Any],
    servers: Mapping[str, Server],
    states: Mapping[str, StateAnswer],
    ended: RolloutEnd,
) -> dict[str, Any]:
    """The ``changes`` of a deploy since the release that it replaced: another one, where it had to wait for the lock.

    Args:
        root: the repository.
        changes: of ``changes_of``, since what served when it connected.
        servers: those that were asked.
        states: how they stood when it connected.
        ended: how it ended, by which a server tells which release was replaced.
    """
    live = next((one for one in ended.hosts if one.result.status == "live"), None)
    if live is None or live.result.previous in {None, states[live.host].serving}:
        return changes
    try:
        releases = servers[live.host].state(digests=True).releases
    except FairleadError:
        return changes
    known = next((one for one in releases if one.id == live.result.previous), None)
    ran = (known.digests if known is not None else None) or ()
    # What the one before had, too, is what ran; of any other image nobody has said which service had it.
    images = [
        one if one["before"] in ran else {**one, "before": None, "contents": None}
        for one in changes["images"]
    ]
    revision = known.revision if known is not None else None
    return {**changes, **_commits(root, revision or None, changes["after"]), "images": images}


def back_of(root: Path, before: StateAnswer, target: str | None) -> dict[str, Any]:
    """The ``changes`` of a rollback: the commits that it takes back."""
    revision = next((one.revision for one in before.releases if one.id == (target or before.previous)), "")
    taken = _commits(root, revision or None, before.revision or "")
    return {**taken, "back": True, "only": [], "images": []}


def images_back(before: StateAnswer, data: Mapping[str, Any], registry: str) -> dict[str, dict[str, Any]]:
    """The ``images`` of a rollback by their repository: those below our registry that a service runs another one of now.

    Args:
        before: how the server stood.
        data: what the server has told besides.
        registry: where our images are.

    Raises:
        CommandFailedError: it is something else than what was done to services.
    """
    found: dict[str, dict[str, Any]] = {}
    for one in read_answer(Acted, data).actions:
        repository, _, digest = (one.image or "").partition("@")
        ran = _ran(before, one.service)
        if registry and repository.startswith(f"{registry}/") and digest and ran:
            links = dict.fromkeys(("built", "scanned", "published"))
            image = {"image": repository.removeprefix(f"{registry}/"), "digest": digest, "before": ran}
            found.setdefault(repository, {**image, "sizes": {}, **links})
    return found


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


def _links(
    name: str, pin: Pin, digest: str, build: BuildDocument | None, scan: ScanDocument | None
) -> dict[str, str | None]:
    """What is known of the image on its way; nothing of one that an earlier commit has published."""
    if digest != pin.digest:
        return dict.fromkeys(("built", "scanned", "published"))
    built = build.images.get(name) if build is not None else None
    scanned = scan.images.get(name) if scan is not None else None
    passed = scanned is not None and scanned.verdict == "pass"
    return {
        "built": built.digest if built is not None else None,
        "scanned": scanned.digest if scanned is not None and passed else None,
        "published": pin.digest,
    }


def _ran(before: StateAnswer, service: str) -> str | None:
    """The digest of what the service ran."""
    images = (one.image.partition("@")[2] for one in before.services if one.service == service)
    return next(filter(None, images), None)
