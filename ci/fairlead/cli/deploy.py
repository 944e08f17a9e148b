"""``fairlead deploy``: switch a server to the published images of this commit."""

from __future__ import annotations

from pathlib import Path

import click

from fairlead import report
from fairlead.cli.connection import access_of, access_options
from fairlead.cli.options import environment_option, examples, work_dir_option
from fairlead.cli.rollout import run_deploy, run_plan
from fairlead.cli.rollout_options import RolloutOptions, rollout_options


@click.command(
    epilog=examples(
        ("fairlead deploy -e production", "the published images of this commit"),
        ("fairlead deploy --dry-run", "only the plan, like `fairlead plan`"),
        ("fairlead deploy --only web", "this service; the others go on as they are"),
        ("fairlead deploy --no-wait", "fail with 5 when another deploy is under way"),
        ("fairlead deploy --accept-recreate db", "let a changed database be made again"),
    )
)
@environment_option
@work_dir_option
@access_options
@rollout_options
@click.option("--dry-run", is_flag=True, help="Show the plan and change nothing.")
def command(
    environment: str | None,
    options: RolloutOptions,
    known_hosts: Path | None,
    identity: Path | None,
    dry_run: bool,
) -> None:
    """Switch a server to the published images of this commit.

    The new release is started beside the old one, verified, and switched to at once. If it is not healthy,
    the old one goes on serving and the exit code is 6. The server finishes on its own should this command be
    stopped; running it again follows what is under way.
    """
    run = run_plan if dry_run else run_deploy
    run(environment, access_of(known_hosts, identity), options, report.current())
