"""``fairlead setup``: the engine and the tools that this machine lacks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from fairlead import report
from fairlead.cli.options.shared import examples

if TYPE_CHECKING:
    from fairlead.tools.catalog import Purpose
    from fairlead.tools.engine import Engine
    from fairlead.tools.locate import Found

_PURPOSES = ("use", "validate", "build", "deploy", "rollback", "lab", "dev")


@click.command(
    epilog=examples(
        ("fairlead setup", "what all verbs need: engine, Compose, buildx, Trivy, ssh, git"),
        ("fairlead setup --for build", "what a job needs that builds, scans and publishes"),
        ("fairlead setup --for rollback", "ssh and git; no engine, no scanner"),
        ("fairlead setup --for dev", "what work on Fairlead itself needs on top"),
    )
)
@click.option(
    "--for",
    "purpose",
    type=click.Choice(_PURPOSES),
    default="use",
    show_default=True,
    envvar="FAIRLEAD_FOR",
    show_envvar=True,
    help="What this machine or job is for.",
)
def command(purpose: Purpose) -> None:
    """Install the tools that Fairlead drives, as far as they are missing.

    A tool on the PATH is used if it is new enough. A missing one is fetched into the cache,
    held to a checksum; packages and the Docker engine are installed on Debian and Ubuntu, as root or by a sudo that
    asks for no password.
    """
    from fairlead.report.layout import render_table
    from fairlead.tools.catalog import tools_for

    reporter = report.current()
    wanted = tuple(tool.name for tool in tools_for(purpose))
    engine = _engine(wanted) if "docker" in wanted else None
    found = tuple(_ensure(name) for name in wanted)
    rows = [(one.tool.name, one.version, str(one.path)) for one in found]
    if rows:
        # In the log alone: a page that begins with what was there already hides what the run is about.
        with reporter.step(f"{len(rows)} tools"):
            for line in render_table(("tool", "version", "path"), rows):
                reporter.line(line)
    reporter.line(f"this machine is ready ({purpose})")
    reporter.result(_document(purpose, engine, found), "")


def _engine(wanted: tuple[str, ...]) -> Engine:
    from fairlead.tools.engine_setup import PARTS, ensure_engine

    reporter = report.current()
    parts = tuple(part for part in PARTS if part in wanted)
    with reporter.step("Docker Engine" + "".join(f", {part}" for part in parts if part != "docker")):
        return ensure_engine(reporter.progress, parts)


def _ensure(name: str) -> Found:
    """A tool, fetched if it is missing; a search that finds it is not worth a line."""
    import os

    from fairlead.tools.catalog import CATALOG
    from fairlead.tools.fetch import fetch_tool
    from fairlead.tools.locate import search_tool

    reporter = report.current()
    tool = CATALOG[name]
    search = search_tool(tool, os.environ)
    for passed_over in search.passed_over:
        if "must not run" in passed_over.why:
            reporter.warn(f"{passed_over}; remove it")
    if search.found is not None:
        return search.found
    with reporter.step(name):
        return fetch_tool(tool, reporter.progress)


def _document(purpose: str, engine: Engine | None, found: tuple[Found, ...]) -> dict[str, object]:
    answers = (
        {"engine": {"version": engine.version, "containerd_store": engine.containerd_store}} if engine else {}
    )
    return {
        "schema": "fairlead.setup/v1",
        "purpose": purpose,
        **answers,
        "tools": {
            one.tool.name: {"version": one.version, "path": str(one.path), "cached": one.cached}
            for one in found
        },
    }
