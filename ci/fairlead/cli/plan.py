"""``fairlead plan``: show what a deploy would do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from fairlead import report
from fairlead.cli.options.rollout import rollout_options
from fairlead.cli.options.shared import access_options, environment_option, examples, work_dir_option
from fairlead.rollout.place import find_place

if TYPE_CHECKING:
    from fairlead.remote.access import AccessOptions
    from fairlead.rollout.options import RolloutOptions


@click.command(
    epilog=examples(
        ("fairlead plan -e production", "what changes, what is carried over, and why"),
        ("fairlead --json plan", "the plan and the release document as JSON"),
    )
)
@environment_option
@work_dir_option
@access_options
@rollout_options
def command(
    environment: str | None,
    options: RolloutOptions,
    access: AccessOptions,
) -> None:
    """Show what a deploy would do, without doing it.

    The server computes the very plan that a deploy would run: what changes and why, what is carried over,
    which role each service has and how that is known, and what would be refused.
    """
    from fairlead.rollout.run import run_plan

    run_plan(find_place(environment, access, options.registry), options, report.current())
