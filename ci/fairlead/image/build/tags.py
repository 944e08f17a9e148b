"""Which tags an image gets, and whether a tag that exists may move: pure.

``sha-<full commit>`` never moves. Others (branch, version, what the caller names) only move forward
in the order of commits, so that a slow pipeline of an older commit takes nothing back.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from fairlead.errors import InputError
from fairlead.image.build.cache import CACHE_TAG
from fairlead.image.documents import BuildDocument

REVISION_LABEL = "org.opencontainers.image.revision"
_TAG = re.compile(r"^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}\Z")
_SHA_TAG = re.compile(r"^sha-[0-9a-f]{40}([0-9a-f]{24})?\Z")
_VERSION = re.compile(r"^(?P<prefix>v?)(?P<major>0|[1-9]\d*)\.(?P<minor>0|[1-9]\d*)\.(?:0|[1-9]\d*)\Z")


@dataclass(frozen=True, kw_only=True)
class Present:
    """What a tag points at now.

    Attributes:
        digest: of the index.
        revision: the commit that its label names; empty where it has none.
    """

    digest: str
    revision: str


@dataclass(frozen=True, kw_only=True)
class Move:
    """What to do with a tag, and why: ``same`` needs nothing, ``keep`` leaves it where it is."""

    action: Literal["set", "same", "keep"]
    why: str
    is_expected: bool = True


def sha_tag(revision: str) -> str:
    """The tag of a commit, which never moves."""
    return f"sha-{revision}"


def commit_tag(revision: str, pull_request: int = 0) -> str:
    """The tag of what was built of a commit, which never moves.

    A pull request has one of its own: its head may become a commit of the default branch as it is, and what that is
    built of then is built there.
    """
    return f"pr-{pull_request}-{revision}" if pull_request else sha_tag(revision)


def plan_tags(build: BuildDocument, extra: tuple[str, ...] = (), commit: str = "") -> tuple[str, ...]:
    """The moving tags of a build: its branch, its versions, and what the caller names.

    Args:
        build: what was built.
        extra: what the caller names.
        commit: the tag that it gets first and that never moves; without it that of the commit.

    Raises:
        InputError: a name of the caller's cannot be a tag, or is one that never moves.
    """
    for tag in extra:
        if not _TAG.match(tag):
            raise InputError(
                f"{tag} cannot be the tag of an image",
                fix="letters, digits, dots, dashes and underscores, 128 at most, no dot or dash first",
            )
        if _is_reserved(tag) and tag != (commit or sha_tag(build.revision)):
            raise InputError(f"{tag} is not yours to set", why="Fairlead gives it its meaning")
    # Whoever opens a pull request names its branch, and may have put a git tag on its head.
    is_own = commit in ("", sha_tag(build.revision))
    branch = [tag_of(build.branch)] if build.branch and is_own else []
    versions = [tag for name in build.git_tags for tag in _version_tags(name) if is_own]
    wanted = dict.fromkeys([*branch, *versions, *(tag for tag in extra if tag != commit)])
    return tuple(tag for tag in wanted if tag and not _is_reserved(tag))


def tag_of(name: str) -> str:
    """A branch or git tag as the tag of an image: ``feature/login`` is ``feature-login``."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).lstrip(".-")[:128]


def decide_move(
    present: Present | None,
    *,
    digest: str,
    revision: str,
    is_ahead: bool | None,
    is_behind: bool | None,
    is_forced: bool = False,
) -> Move:
    """Decide about a moving tag.

    Args:
        present: what it points at; None if there is no such tag.
        digest: of the new index.
        revision: the new commit.
        is_ahead: whether the new commit comes after the one that the tag names; None: the history can't tell.
        is_behind: whether it comes before.
        is_forced: the caller insists.
    """
    if present is None:
        return Move(action="set", why="new")
    if present.digest == digest:
        return Move(action="same", why="it points there already")
    if is_forced:
        return Move(action="set", why=f"forced; it was {present.digest}")
    if present.revision == revision:
        return Move(action="set", why="another build of the same commit")
    if is_ahead:
        return Move(action="set", why=f"forward from {present.revision[:12]}")
    if is_behind:
        return Move(action="keep", why=f"it points at {present.revision[:12]}, which is newer")
    return Move(action="keep", why=_why_unknown(present, is_ahead), is_expected=False)


def _why_unknown(present: Present, is_ahead: bool | None) -> str:
    if not present.revision:
        return "the image there does not say which commit it is of"
    place = (
        "on another line of history" if is_ahead is False else "not in the history here (a shallow clone?)"
    )
    return f"it points at {present.revision[:12]}, which is {place}"


def _version_tags(name: str) -> list[str]:
    """A version, and the shorter ones that follow it: v1.4.2, v1.4, v1. Nothing promises that v0 holds still."""
    found = _VERSION.match(name)
    if found is None:
        return [tag_of(name)]
    minor = f"{found['prefix']}{found['major']}.{found['minor']}"
    major = [] if found["major"] == "0" else [f"{found['prefix']}{found['major']}"]
    return [name, minor, *major]


def _is_reserved(tag: str) -> bool:
    return bool(_SHA_TAG.match(tag)) or tag == CACHE_TAG
