"""``fairlead clean``: what Fairlead keeps running on the machine that builds."""

from __future__ import annotations

import click

from fairlead.cli.options.shared import examples


@click.command(
    epilog=examples(
        ("fairlead clean", "remove the builders that `fairlead build` made here, with their caches")
    )
)
def command() -> None:
    """Remove what Fairlead keeps running on this machine: the builders that `fairlead build` made for you.

    A builder is a container with a volume, kept because the next build is quicker with it. `fairlead build` makes
    another where it needs one. What was built, and what the registry holds, stays.
    """
    from fairlead import report
    from fairlead.tools.locate import locate
    from fairlead.tools.own_builder import Buildx, remove_builders

    names = remove_builders(Buildx(locate("buildx")))
    text = f"removed {', '.join(names)}" if names else "there is no builder of Fairlead's here"
    report.current().result({"schema": "fairlead.clean/v1", "builders": list(names)}, text)
