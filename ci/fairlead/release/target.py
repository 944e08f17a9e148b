"""Which release is meant by what somebody says of it: an id, how many back, a commit, a tag, a digest. Pure.

It is found among the releases that the servers say they can start. What is not there, or might be two, is refused with
the list of what there is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from fairlead.errors import InputError
from fairlead.host.wire.status import KnownRelease, StateAnswer

PREVIOUS = "previous"
_ID = re.compile(r"[0-9]{1,6}")
_BACK = re.compile(r"-([1-9][0-9]?)")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_COMMIT = re.compile(r"[0-9a-f]{7,40}")
_COMMIT_TAG = re.compile(r"sha-([0-9a-f]{40})")


@dataclass(frozen=True)
class Target:
    """The release that is meant: None is the one before, as the server counts.

    ``serving``: what it was counted from; it is another one where another release serves.
    """

    release: str | None = None
    serving: str | None = None


def known_target(said: str | None) -> Target | None:
    """The target of what needs nobody to be asked: nothing, ``previous`` or an id; None where somebody has to be."""
    if not said or said in {PREVIOUS, "-1"}:
        return Target()
    return Target(said.zfill(6)) if _ID.fullmatch(said) else None


def needs_digests(said: str | None) -> bool:
    """Whether the servers have to be asked of which images their releases are."""
    return bool(said and _DIGEST.fullmatch(said))


def find_target(states: Mapping[str, StateAnswer], said: str, tagged: Callable[[str], str]) -> Target:
    """The target of what somebody says.

    Args:
        states: how each server stands; with the digests of its releases where one is said.
        said: what he says.
        tagged: the commit of a git tag; empty where there is no such tag.

    Raises:
        InputError: nobody has such a release, or several.
    """
    known = known_target(said)
    if known is not None:
        return known
    back = _BACK.fullmatch(said)
    if back:
        return _counted(states, int(back[1]))
    if _DIGEST.fullmatch(said):
        return _found(states, said, lambda one: said in (one.digests or ()))
    commit = _COMMIT_TAG.fullmatch(said)
    if commit or _COMMIT.fullmatch(said):
        begins = commit[1] if commit else said
        if any(one.revision.startswith(begins) for one in _startable(states)) or not tagged(said):
            return _found(states, said, lambda one: one.revision.startswith(begins))
    revision = tagged(said)
    if not revision:
        raise _refused(
            states,
            f"{said[:80]!r} names no release",
            "it is no id, no count like -2, no commit and no digest, and this clone has no such tag",
        )
    return _found(states, f"{said} ({revision[:12]})", lambda one: one.revision == revision)


def release_rows(state: StateAnswer) -> list[tuple[str, str, str, str]]:
    """The releases that can be gone back to, the newest first: id, commit, who brought it, and what it is now."""
    marks = {state.previous: "the one before", state.serving: "serves"}
    return [(one.id, one.revision[:12], one.by, marks.get(one.id, "")) for one in _stable(state)]


def _counted(states: Mapping[str, StateAnswer], back: int) -> Target:
    """So many back from the newest that serves: each time where a rollback from that release goes."""
    state = max(states.values(), key=lambda one: one.serving or "")
    before = {one.id: one.previous for one in state.releases}
    found = state.serving
    for _ in range(back):
        found = before.get(found or "")
    if found is None:
        raise _refused(
            states, f"there is no release {back} before the one that serves", "so many have not served"
        )
    return Target(found, state.serving)


def _found(states: Mapping[str, StateAnswer], said: str, fits: Callable[[KnownRelease], bool]) -> Target:
    """The newest of those that fit, if they are of one commit."""
    found = [one for one in _startable(states) if fits(one)]
    commits = sorted({one.revision for one in found})
    if not found:
        raise _refused(
            states, f"no release of {said} can be started", "it was never deployed here, or was pruned"
        )
    if len(commits) > 1:
        raise _refused(
            states, f"{said} is not one release", f"it may be {' or '.join(one[:12] for one in commits)}"
        )
    return Target(max(one.id for one in found))


def _startable(states: Mapping[str, StateAnswer]) -> list[KnownRelease]:
    return [one for state in states.values() for one in _stable(state)]


def _stable(state: StateAnswer) -> list[KnownRelease]:
    return [one for one in state.releases if one.state == "stable"]


def _refused(states: Mapping[str, StateAnswer], what: str, why: str) -> InputError:
    rows = dict.fromkeys(row for state in states.values() for row in release_rows(state))
    there = [
        f"{name} {commit}{f' ({mark})' if mark else ''}"
        for name, commit, _, mark in sorted(rows, reverse=True)
    ]
    fix = (
        f"there are: {', '.join(there)}" if there else "there is none to go back to: deploy the commit again"
    )
    return InputError(what, why=why, fix=fix)
