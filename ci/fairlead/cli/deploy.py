"""``fairlead deploy``: switch a server to the published images of this commit."""

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
    access: AccessOptions,
    dry_run: bool,
) -> None:
    """Switch a server to the published images of this commit.

    The new release is started beside the old one, verified, and switched to at once. If it is not healthy,
    the old one goes on serving and the exit code is 6. The server finishes on its own should this command be
    killed; running it again follows what is under way, or waits for what was told to stop and deploys afresh.
    """
    from fairlead.rollout.run import run_deploy, run_plan

    run = run_plan if dry_run else run_deploy
    run(find_place(environment, access, options.registry), options, report.current())
