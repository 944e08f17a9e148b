"""``fairlead plan``: show what a deploy would do."""

from __future__ import annotations

from pathlib import Path

import click

from fairlead import report
from fairlead.cli.connection import access_of, access_options
from fairlead.cli.options import environment_option, examples, work_dir_option
from fairlead.cli.rollout import run_plan
from fairlead.cli.rollout_options import RolloutOptions, rollout_options


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
    known_hosts: Path | None,
    identity: Path | None,
) -> None:
    """Show what a deploy would do, without doing it.

    The server computes the very plan that a deploy would run: what changes and why, what is carried over,
    which role each service has and how that is known, and what would be refused.
    """
    run_plan(environment, access_of(known_hosts, identity), options, report.current())
