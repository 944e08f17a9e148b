"""The repository's name on its forge, read from files and variables: no process, no network."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from fairlead.errors import InputError

_REMOTE = re.compile(r'^\s*\[remote "origin"\]\s*\Z')
_URL = re.compile(r"^\s*url\s*=\s*(\S+)\s*\Z")
_BRANCH = re.compile(r"ref: refs/(?:heads|remotes/origin)/(?P<branch>\S+)")
_HOST = re.compile(r"[a-z+]+://(?:[^/]*@)?(?P<host>[^/:]+)|(?:[^/@]+@)?(?P<ssh>[^:/]+):(?!/)")
_ALIAS = re.compile(r"(?:.+\.)?github\.com-.+")
_SLUG = re.compile(r"(?:^[^/@]+@[^:/]+:|^[a-z+]+://[^/]+/)(?P<slug>[^/]+/.+?)(?:\.git)?/?\Z")


def read_repository_slug(folder: Path, environ: Mapping[str, str]) -> str:
    """``owner/repository`` in lower case, from ``GITHUB_REPOSITORY`` or the git remote ``origin``; else empty."""
    slug = environ.get("GITHUB_REPOSITORY") or parse_remote_slug(_read_origin(folder))
    return slug.lower()


def parse_remote_slug(url: str) -> str:
    """``owner/repository`` of a remote such as ``git@github.com:Acme/board.git``; empty for a path."""
    match = _SLUG.search(url)
    return match["slug"] if match else ""


def read_server(folder: Path, environ: Mapping[str, str]) -> str:
    """The host of the forge, from ``GITHUB_SERVER_URL`` in a job, else from the git remote ``origin``; else empty."""
    in_job = environ.get("GITHUB_ACTIONS") == "true"
    return parse_server((in_job and environ.get("GITHUB_SERVER_URL")) or _read_origin(folder))


def parse_server(url: str) -> str:
    """The host in a remote such as ``git@github.com:acme/board.git``, in lower case; empty for a path.

    Of ssh it may be an alias in ``~/.ssh/config``: ``github.com-board`` is how GitHub's own documentation calls one for a
    second key, and means github.com.
    """
    match = _HOST.match(url)
    host = (match["ssh"] or match["host"]).lower() if match else ""
    return "github.com" if _ALIAS.fullmatch(host) and not url.startswith("http") else host


def read_default_branch(top: Path) -> str:
    """The branch that others clone, as the last fetch knew it; else the one that is checked out, else ``main``."""
    config = _git_config(top)
    if config is None:
        return "main"
    for name in ("refs/remotes/origin/HEAD", "HEAD"):
        head = config.parent / name
        text = head.read_text(encoding="utf-8", errors="replace").strip() if head.is_file() else ""
        match = _BRANCH.fullmatch(text)
        if match:
            return match["branch"]
    return "main"


def _read_origin(folder: Path) -> str:
    config = _git_config(folder)
    if config is None:
        return ""
    inside = False
    for line in config.read_text(encoding="utf-8", errors="replace").splitlines():
        if line.lstrip().startswith("["):
            inside = _REMOTE.match(line) is not None
        elif inside and (match := _URL.match(line)):
            return match[1]
    return ""


def _git_config(folder: Path) -> Path | None:
    """The config file of the repository that ``folder`` is in; a worktree's lies in its main repository."""
    for parent in (folder, *folder.parents):
        git = parent / ".git"
        if git.is_file():
            git = (parent / git.read_text(encoding="utf-8").removeprefix("gitdir:").strip()).resolve()
            common = git / "commondir"
            git = (git / common.read_text(encoding="utf-8").strip()).resolve() if common.is_file() else git
        if (git / "config").is_file():
            return git / "config"
    return None


def refuse_tracked_repository(folder: Path) -> None:
    """Refuse a folder that git would take for a repository though it is not called ``.git``, before git is asked.

    Git tracks no ``.git``, but any other folder with what is in one; its configuration, the author's, names
    commands. Git before 2.38 knows no ``safe.bareRepository``.

    Raises:
        InputError: the folder, or one above it up to the top of the clone, is such.
    """
    start = folder.resolve()
    for parent in (start, *start.parents):
        if (parent / ".git").exists():
            return
        if _is_git_folder(parent):
            raise InputError(
                f"{parent} is in a bare repository, or looks like one: it holds HEAD, objects and refs",
                why="git would run the commands that the configuration in that folder names",
                fix="run fairlead in a clone with its files checked out, and remove such folders from it",
            )


def _is_git_folder(folder: Path) -> bool:
    # What a worktree shares with its main repository lies where `commondir` says.
    return os.path.lexists(folder / "HEAD") and (
        os.path.lexists(folder / "commondir")
        or all(os.path.lexists(folder / name) for name in ("objects", "refs"))
    )
