"""Where a tool is: on the PATH if it is new enough, else in the cache."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from fairlead import process
from fairlead.errors import ToolMissingError
from fairlead.tools import memory
from fairlead.tools.cache import cache_dir
from fairlead.tools.catalog import CATALOG, Tool
from fairlead.tools.version import Version, parse_version, render_version

# Where Docker looks for its plugins: https://github.com/docker/cli/blob/master/cli-plugins/manager/manager_unix.go
_PLUGIN_FOLDERS = (
    "/usr/local/lib/docker/cli-plugins",
    "/usr/local/libexec/docker/cli-plugins",
    "/usr/lib/docker/cli-plugins",
    "/usr/libexec/docker/cli-plugins",
    "/Applications/Docker.app/Contents/Resources/cli-plugins",
)

_ASK_SECONDS = 20.0


@dataclass(frozen=True)
class Found:
    """A tool that will do."""

    tool: Tool
    path: Path
    version: str
    cached: bool


@dataclass(frozen=True)
class PassedOver:
    """A program of the right name that will not do, and why."""

    path: Path
    why: str

    def __str__(self) -> str:
        return f"{self.path} {self.why}"


@dataclass(frozen=True)
class Search:
    """What a search found, and what it passed over on its way."""

    found: Found | None
    passed_over: tuple[PassedOver, ...]


def locate(name: str) -> Path:
    """The path of a tool of the catalog.

    Raises:
        ToolMissingError: it is neither on the PATH, new enough, nor in the cache.
    """
    return locate_tool(name).path


def locate_tool(name: str) -> Found:
    """A tool of the catalog, with its version.

    Raises:
        ToolMissingError: it is neither on the PATH, new enough, nor in the cache.
    """
    tool = CATALOG[name]
    search = search_tool(tool, os.environ)
    if search.found is None:
        raise missing(tool, search.passed_over)
    return search.found


def search_tool(tool: Tool, environ: Mapping[str, str]) -> Search:
    """Look for a tool; each program of its name is asked for its version once and remembered."""
    passed_over: list[PassedOver] = []
    for path in _candidates(tool, environ):
        version = _version_of(tool, path)
        why = judge(tool, version)
        if version is not None and not why:
            cached = path.is_relative_to(cache_dir())
            return Search(Found(tool, path, render_version(version), cached), tuple(passed_over))
        passed_over.append(PassedOver(path, why))
    return Search(None, tuple(passed_over))


def judge(tool: Tool, version: Version | None) -> str:
    """Why a version will not do; empty if it will."""
    if version is None:
        return "does not tell its version"
    if version in tool.refused:
        return f"is version {render_version(version)}, which must not run: {tool.refused[version]}"
    if version < tool.minimum:
        return f"is version {render_version(version)}; {render_version(tool.minimum)} or newer is needed"
    return ""


def cached_path(tool: Tool) -> Path | None:
    """Where the cache keeps a tool when it is there; the source named first in the catalog wins."""
    for source in tool.sources:
        version = getattr(source, "version", None)
        if version:
            path = cache_place(tool, version)
            if path.is_file():
                return path
    return None


def cache_place(tool: Tool, version: str) -> Path:
    """Where the cache keeps one version of a tool."""
    return cache_dir() / "tools" / tool.name / version / tool.program


def missing(tool: Tool, passed_over: tuple[PassedOver, ...]) -> ToolMissingError:
    """The error for a tool that is not there."""
    fix = "`fairlead setup` installs it" if tool.sources else tool.fix
    if tool.machine != "use" and tool.sources:
        fix = f"`fairlead setup --for {tool.machine}` installs it"
    return ToolMissingError(
        f"{tool.name} is not installed" if not passed_over else f"no usable {tool.name} was found",
        why="; ".join(str(one) for one in passed_over),
        fix=fix,
    )


def _candidates(tool: Tool, environ: Mapping[str, str]) -> Iterator[Path]:
    folders = [Path(folder) for folder in environ.get("PATH", "").split(os.pathsep) if folder]
    if tool.plugin:
        own = environ.get("DOCKER_CONFIG") or f"{environ.get('HOME', '')}/.docker"
        folders = [Path(own) / "cli-plugins", *map(Path, _PLUGIN_FOLDERS), *folders]
    seen: set[Path] = set()
    for folder in folders:
        path = folder / tool.program
        # /bin is /usr/bin on most machines: one program, one mention. Path.is_file() raises where it may not look.
        if os.path.isfile(path) and os.access(path, os.X_OK) and path.resolve() not in seen:  # noqa: PTH113 - never raises
            seen.add(path.resolve())
            yield path
    cached = cached_path(tool)
    if cached is not None:
        yield cached


def _version_of(tool: Tool, path: Path) -> Version | None:
    stat = path.stat()
    mark = f"{stat.st_mtime_ns}-{stat.st_size}"
    known = memory.recall(path, mark)
    if known is None:
        # ssh -V speaks on its error output.
        done = process.run([path, *tool.version_words], timeout=_ASK_SECONDS, check=False)
        known = done.stdout + done.stderr if done.ok else ""
        if done.ok:
            memory.remember(path, mark, known)
    return parse_version(known)
