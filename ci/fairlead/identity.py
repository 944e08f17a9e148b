"""Which commit is this? The identity that a build, a tag and a release carry.

Git answers, through ``process.py``; the environment of GitHub Actions only fills what a detached
checkout cannot know (the branch), and is believed only where it speaks of the very same commit.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from fairlead import passed, process
from fairlead.checkout import repository_root
from fairlead.errors import CommandFailedError, FairleadError, InputError
from fairlead.host.wire.names import MAX_DIRECTORY
from fairlead.origin import refuse_tracked_repository
from fairlead.sources import real_path

_ENVIRONMENT: Mapping[str, str | None] = {
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}
_REVISION = re.compile("[0-9a-f]{40}([0-9a-f]{24})?")
_SCP_ADDRESS = re.compile(r"^(?:[^@/\s]+@)?(?P<host>[^:/\s]+\.[^:/\s]+):(?P<path>[^/\s].*)\Z")


@dataclass(frozen=True)
class Identity:
    """The commit that is checked out, and how clean the tree is.

    Attributes:
        revision: the full object name of the commit, 40 (or 64) hex digits.
        revision_time: when it was committed, seconds since the epoch.
        branch: the branch of *this* repository that the commit was checked out from, or None: detached,
            or a pull request, whose branch may be called ``main`` and still be somebody else's.
        tags: the git tags that point at the commit, sorted.
        dirty_files: files that differ from the commit, untracked ones included, relative to the repository.
        source_url: where the source can be browsed, without credentials; empty where the remote is no web address.
        author: ``Name <address>`` of the commit's author.
        subject: the first line of the commit's message.
    """

    revision: str
    revision_time: int
    branch: str | None
    tags: tuple[str, ...]
    dirty_files: tuple[str, ...]
    source_url: str
    author: str
    subject: str = ""

    @property
    def dirty(self) -> bool:
        return bool(self.dirty_files)


def read_identity(root: Path, environ: Mapping[str, str] | None = None) -> Identity:
    """Read the identity of the commit that is checked out in ``root`` or above it.

    Args:
        root: a folder inside the repository.
        environ: the environment to look for GitHub's variables in; without it, this process's own.

    Raises:
        InputError: no repository, no commit yet, a repository of somebody else's, or GitHub's merge commit.
        ToolMissingError: git is not installed.
    """
    environ = os.environ if environ is None else environ
    top = _top_level(root)
    head = _git(top, "rev-parse", "--verify", "--quiet", "HEAD^{commit}", check=False)
    if not head.ok:
        raise InputError(
            f"the branch checked out in {root} has no commit yet",
            why="a release is named after its commit",
            fix='commit first: `git add . && git commit -m "First release"`',
        )
    form = "--format=%H%x00%ct%x00%an <%ae>%x00%s"
    revision, revision_time, author, subject = parse_head(
        _git(top, "log", "-1", "--no-show-signature", form, head.stdout.strip()).stdout
    )
    _refuse_merge_commit(revision, environ)
    symbolic = _git(top, "symbolic-ref", "--quiet", "--short", "HEAD", check=False).stdout.strip()
    status = _git(top, "status", "--porcelain=v1", "-z", "--untracked-files=all", "--ignore-submodules=none")
    return Identity(
        revision=revision,
        revision_time=revision_time,
        branch=plan_branch(symbolic, revision, environ),
        tags=plan_tags(_git(top, "tag", "--points-at", revision).stdout.split(), revision, environ),
        dirty_files=parse_status(status.stdout),
        source_url=_source_url(top, environ),
        author=author,
        subject=subject,
    )


def read_source(root: Path, environ: Mapping[str, str]) -> str:
    """Where the repository of ``root`` can be browsed, as ``Identity`` has it; empty where nothing tells."""
    try:
        return _source_url(root, environ)
    except FairleadError:
        # Somebody asks what serves from a folder that is no checkout, or without git.
        return _actions_source_url(environ)


def read_directory(root: Path) -> str:
    """The folder of the repository that ``root`` is, ``.`` at its top; empty in none. A server tells two apps by it."""
    folder = Path(real_path(str(root)))
    home = repository_root(folder)
    if home is None:
        return ""
    inside = folder.relative_to(home).as_posix()
    if inside.isprintable() and len(inside) <= MAX_DIRECTORY:
        return inside
    return f"sha256:{hashlib.sha256(os.fsencode(inside)).hexdigest()}"


def is_ancestor(root: Path, older: str, newer: str) -> bool | None:
    """Whether ``older`` is an ancestor of ``newer`` (or the same commit); None where the history cannot tell.

    A shallow clone, or a commit that was never fetched, cannot tell: that is no "no".
    """
    done = _git(root, "merge-base", "--is-ancestor", older, newer, check=False)
    if done.returncode == 0:
        return True
    if done.returncode == 1:
        shallow = _git(root, "rev-parse", "--is-shallow-repository", check=False).stdout.strip()
        return None if shallow == "true" else False
    return None


def tagged_commit(root: Path, tag: str) -> str:
    """The commit of a git tag; empty where this clone has no such tag."""
    # A name that git would take for an option, or for more than a name, is none.
    if tag.startswith("-") or not re.fullmatch(r"[\w./+-]+", tag) or ".." in tag:
        return ""
    done = _git(root, "rev-parse", "--verify", "--quiet", f"refs/tags/{tag}^{{commit}}", check=False)
    return done.stdout.strip() if done.ok else ""


def list_commits(root: Path, older: str, newer: str) -> list[tuple[str, str]] | None:
    """The commits that ``newer`` has and ``older`` has not, newest first, each with its subject.

    None where the history that is checked out does not tell; a thousand at most.
    """
    if not all(map(_REVISION.fullmatch, (older, newer))):
        return None
    form = ("--format=%H%x00%s", "--max-count=1000", "--no-show-signature", "-z")
    done = _git(root, "log", *form, f"{older}..{newer}", check=False)
    if not done.ok:
        return None
    fields = done.stdout.rstrip("\0").split("\0")
    return list(zip(fields[::2], fields[1::2], strict=False))


def tracked_below(path: Path, checkout: Path) -> tuple[str, ...]:
    """What git tracks at or below ``path``, told from the checkout, in whatever case: some disks know no difference.

    A submodule that stands there is named too.

    Raises:
        FairleadError: git can't tell.
    """
    inside = path.relative_to(checkout).as_posix()
    done = _git(checkout, "ls-files", "-z", "--", f":(top,literal,icase){inside}", check=False)
    if not done.ok:
        raise _not_readable(checkout, done.stderr)
    return tuple(name for name in done.stdout.split("\0") if name)


def parse_head(output: str) -> tuple[str, int, str, str]:
    """Revision, commit time, author and subject from one NUL-separated record of ``git log``."""
    revision, seconds, author, subject = output.rstrip("\n").split("\0", 3)
    return revision, int(seconds), author, subject


def parse_status(output: str) -> tuple[str, ...]:
    """The paths in the output of ``git status --porcelain=v1 -z``, sorted, each once.

    A renamed or copied file is followed by a record with its old path alone.
    """
    paths: set[str] = set()
    records = iter(output.split("\0"))
    for record in records:
        if not record:
            continue
        paths.add(record[3:])
        if "R" in record[:2] or "C" in record[:2]:
            next(records, None)
    return tuple(sorted(paths))


def parse_source_url(remote: str) -> str:
    """The https address of a remote, without credentials; empty for a path or an unknown scheme."""
    scp = _SCP_ADDRESS.match(remote)
    if scp and "://" not in remote:
        return _web_address(scp["host"], scp["path"])
    parts = urlsplit(remote)
    if parts.scheme in {"https", "http", "ssh", "git"} and parts.hostname:
        port = f":{parts.port}" if parts.port and parts.scheme in {"https", "http"} else ""
        scheme = "http" if parts.scheme == "http" else "https"
        return _web_address(parts.hostname + port, parts.path, scheme)
    return ""


def plan_branch(symbolic: str, revision: str, environ: Mapping[str, str]) -> str | None:
    """The branch of this repository, or None.

    In a run for a pull request nothing counts as a branch: a fork's ``main`` must never be taken for ours.
    A detached checkout believes GitHub's variables if they speak of the same commit.
    """
    if environ.get("GITHUB_EVENT_NAME", "").startswith("pull_request"):
        return None
    if symbolic:
        return symbolic
    if environ.get("GITHUB_SHA") == revision and environ.get("GITHUB_REF_TYPE") == "branch":
        return environ.get("GITHUB_REF_NAME") or None
    return None


def plan_tags(local: list[str], revision: str, environ: Mapping[str, str]) -> tuple[str, ...]:
    """The tags at the commit: those git knows, and the pushed one, which a shallow checkout may not have."""
    tags = set(local)
    if environ.get("GITHUB_SHA") == revision and environ.get("GITHUB_REF_TYPE") == "tag":
        tags.add(environ.get("GITHUB_REF_NAME", ""))
    return tuple(sorted(tags - {""}))


def _refuse_merge_commit(revision: str, environ: Mapping[str, str]) -> None:
    # On `pull_request`, github.sha is a merge commit that GitHub made and will throw away: an image named
    # after it could never be traced to a commit of anybody's branch.
    if environ.get("GITHUB_EVENT_NAME") == "pull_request" and environ.get("GITHUB_SHA") == revision:
        raise InputError(
            f"{revision[:12]} is the merge commit that GitHub made for this pull request",
            why="it is thrown away when the pull request moves, so nothing may be named after it",
            fix="check out the head instead: `with: {ref: ${{ github.event.pull_request.head.sha }}}` of actions/checkout",
        )


def _top_level(root: Path) -> Path:
    if not root.is_dir():
        raise InputError(f"the folder {root} is not there")
    done = _git(root, "rev-parse", "--show-toplevel", check=False)
    if done.ok:
        return Path(done.stdout.rstrip("\n"))
    raise _not_readable(root, done.stderr)


def _not_readable(root: Path, stderr: str) -> FairleadError:
    if "dubious ownership" in stderr:
        return InputError(
            f"git does not trust the repository in {root}: it belongs to another user",
            fix=f"`git config --global --add safe.directory {root}` if you trust it",
        )
    if "not a git repository" in stderr:
        return InputError(
            f"{root} is not in a git repository",
            why="a release is named after its commit",
            fix="run fairlead in a clone, or name one with `-C FOLDER`; a new project starts with `git init`",
        )
    if "must be run in a work tree" in stderr:
        return InputError(
            f"{root} is in a bare repository", fix="run fairlead in a clone with its files checked out"
        )
    return CommandFailedError(f"git cannot read the repository in {root}", why=stderr.strip())


def _git(folder: Path, *arguments: str, check: bool = True) -> process.Completed:
    refuse_tracked_repository(folder)
    # Optional locks off: reading must not write an index that an editor or another job is using.
    return process.run(
        (
            "git",
            "--no-optional-locks",
            *("-c", "core.fsmonitor=false", "-c", "safe.bareRepository=explicit"),
            *arguments,
        ),
        env=_ENVIRONMENT,
        also=passed.GIT,
        cwd=folder,
        check=check,
    )


def _web_address(host: str, path: str, scheme: str = "https") -> str:
    return f"{scheme}://{host}/{path.strip('/').removesuffix('.git')}"


def _source_url(folder: Path, environ: Mapping[str, str]) -> str:
    remote = _git(folder, "remote", "get-url", "origin", check=False)
    return parse_source_url(remote.stdout.strip() if remote.ok else "") or _actions_source_url(environ)


def _actions_source_url(environ: Mapping[str, str]) -> str:
    repository = environ.get("GITHUB_REPOSITORY", "")
    server = environ.get("GITHUB_SERVER_URL", "https://github.com")
    return f"{server}/{repository}" if repository else ""
