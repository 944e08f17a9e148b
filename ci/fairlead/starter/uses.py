"""Which Fairlead the workflows of a repository call: this one, as far as it knows where it is from."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import fairlead
from fairlead.errors import FairleadError, InputError
from fairlead.identity import parse_source_url, read_identity

_USES = re.compile(r"(?P<repository>[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+)@(?P<commit>[0-9a-f]{40})")
_SLUG = re.compile(r"https?://[^/]+/(?P<repository>[A-Za-z0-9][A-Za-z0-9-]*/[A-Za-z0-9._-]+)")
_CLONE = Path(fairlead.__file__).absolute().parents[2]


@dataclass(frozen=True)
class Uses:
    """A commit of a repository that has Fairlead's workflows."""

    repository: str
    commit: str

    def workflow(self, name: str) -> str:
        """What a job writes after ``uses:``."""
        return f"{self.repository}/.github/workflows/{name}.yml@{self.commit}"


def parse_uses(text: str) -> Uses:
    """The value of ``--uses``.

    Raises:
        InputError: it is not ``OWNER/REPOSITORY@COMMIT``.
    """
    match = _USES.fullmatch(text)
    if not match:
        raise InputError(
            f"--uses is `{text}`",
            why="a job runs what it names there with your deploy key: a tag or a branch may be moved, a commit not",
            fix="write OWNER/REPOSITORY@COMMIT with all 40 digits; `git ls-remote URL TAG` prints those of a tag",
        )
    return Uses(match["repository"], match["commit"])


def read_uses(clone: Path = _CLONE) -> Uses:
    """This Fairlead: the commit of the clone that it runs in, or what pip has written down of where it is from.

    Raises:
        InputError: nothing tells.
    """
    found = _of_clone(clone) if (clone / ".git").exists() else parse_installed(_read_installed())
    if found is None:
        raise InputError(
            "this Fairlead does not know from which repository it is",
            why="the workflows that `init --github` writes call its workflows by repository and commit",
            fix="name both: --uses OWNER/fairlead@COMMIT",
        )
    return found


def parse_installed(direct_url: str) -> Uses | None:
    """From ``direct_url.json`` of an installed package (PEP 610); None where it tells of no commit."""
    try:
        document = json.loads(direct_url)
        url, commit = document["url"], document["vcs_info"]["commit_id"]
    except (ValueError, KeyError, TypeError):
        return None
    return _made(parse_source_url(str(url).removeprefix("git+")), str(commit))


def _of_clone(clone: Path) -> Uses | None:
    try:
        identity = read_identity(clone, {})
    except FairleadError:
        return None
    return _made(identity.source_url, identity.revision)


def _made(url: str, commit: str) -> Uses | None:
    match = _SLUG.fullmatch(url)
    text = f"{match['repository']}@{commit}" if match else ""
    return parse_uses(text) if _USES.fullmatch(text) else None


def _read_installed() -> str:
    try:
        return distribution("fairlead").read_text("direct_url.json") or ""
    except PackageNotFoundError:
        return ""
