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

_PURPOSES = ("use", "lab", "dev")


@click.command(
    epilog=examples(
        ("fairlead setup", "what the verbs need: engine, Compose, buildx, Trivy, skopeo, ssh, git"),
        ("fairlead setup --for lab", "what the lab needs on top"),
        ("fairlead setup --for dev", "what work on Fairlead itself needs on top"),
    )
)
@click.option(
    "--for",
    "purpose",
    type=click.Choice(_PURPOSES),
    default="use",
    show_default=True,
    envvar="FAIRLEAD_SETUP_FOR",
    show_envvar=True,
    help="What this machine is for.",
)
def command(purpose: Purpose) -> None:
    """Install the tools that Fairlead drives, as far as they are missing.

    A tool on the PATH is used if it is new enough. A missing one is fetched into the cache,
    held to a checksum; packages and the Docker engine are installed on Debian and Ubuntu, as root.
    """
    from fairlead.tools.catalog import tools_for
    from fairlead.tools.engine_setup import ensure_engine

    reporter = report.current()
    with reporter.step("Docker Engine, Compose, buildx"):
        engine = ensure_engine(reporter.progress)
    found = tuple(_ensure(tool.name) for tool in tools_for(purpose))
    reporter.table(
        ("tool", "version", "path"), [(one.tool.name, one.version, str(one.path)) for one in found]
    )
    reporter.result(_document(purpose, engine, found), f"this machine is ready ({purpose})")


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


def _document(purpose: str, engine: Engine, found: tuple[Found, ...]) -> dict[str, object]:
    return {
        "schema": "fairlead.setup/v1",
        "purpose": purpose,
        "engine": {"version": engine.version, "containerd_store": engine.containerd_store},
        "tools": {
            one.tool.name: {"version": one.version, "path": str(one.path), "cached": one.cached}
            for one in found
        },
    }
