"""Checks of this machine: tools, engine, builder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from fairlead import passed, process
from fairlead.doctor.check import FAILED, OK, Check, failed_check
from fairlead.errors import ExitCode, FairleadError
from fairlead.tools.builder import Asked, Builder, lacking, parse_builder
from fairlead.tools.catalog import Tool, tools_for
from fairlead.tools.engine import probe_engine
from fairlead.tools.locate import Search, locate, missing, search_tool

_BUILDER_SECONDS = 30.0


def check_tools(environ: Mapping[str, str]) -> Iterator[Check]:
    """Every tool that the verbs drive: version and path."""
    for tool in tools_for("use"):
        yield judge_tool(tool, search_tool(tool, environ))


def judge_tool(tool: Tool, search: Search) -> Check:
    """A tool by what a search for it found."""
    if search.found is None:
        return failed_check(tool.name, missing(tool, search.passed_over))
    found = f"{search.found.version} at {search.found.path}".strip()
    refused = [one for one in search.passed_over if "must not run" in one.why]
    if refused:
        return Check(tool.name, FAILED, str(refused[0]), "remove it", ExitCode.TOOL_MISSING)
    return Check(tool.name, OK, found)


def check_engine(platforms: Sequence[str]) -> Iterator[Check]:
    """The engine of this machine, and what it can build.

    Args:
        platforms: those of fairlead.yaml, such as ``linux/arm64``.
    """
    try:
        engine = probe_engine()
    except FairleadError as error:
        yield failed_check("engine", error)
        return
    yield Check("engine", OK, f"{engine.version}, {engine.architecture}")
    try:
        inspected = process.run(
            [locate("buildx"), "inspect"], also=passed.ENGINE, timeout=_BUILDER_SECONDS, check=False
        )
    except FairleadError as error:
        yield failed_check("builder", error)
        return
    if not inspected.ok:
        yield failed_check("builder", process.failed(inspected))
        return
    yield judge_builder(parse_builder(inspected.stdout), platforms)


def judge_builder(builder: Builder, platforms: Sequence[str]) -> Check:
    """The builder that buildx takes: is it the one that builds, and for which platforms without help.

    A platform that it does not list is no failure: an image whose ``RUN`` steps stand in stages
    ``FROM --platform=$BUILDPLATFORM`` is built for any.
    """
    driver = f"driver {builder.driver or 'unknown'}"
    if lacking(builder, Asked(layout=True)):
        found = f"{driver} with the classic image store: `fairlead build` makes a builder of its own"
        return Check("builder", OK, found)
    foreign = [platform for platform in platforms if platform not in builder.platforms]
    if foreign:
        return Check(
            "builder",
            OK,
            f"{driver}; no emulation of {', '.join(foreign)}: only images without emulated RUN steps",
        )
    return Check("builder", OK, f"{driver}; {', '.join(platforms) or 'any platform'}")
