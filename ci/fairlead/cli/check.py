"""``fairlead check``: what a deploy would be refused for, asked before the build."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from fairlead import report
from fairlead.cli.options.rollout import rollout_options
from fairlead.cli.options.shared import access_options, environment_option, examples, work_dir_option

if TYPE_CHECKING:
    from fairlead.remote.access import AccessOptions
    from fairlead.rollout.options import RolloutOptions


@click.command(
    epilog=examples(
        ("fairlead check -e production", "before `fairlead build`, in a job that knows the secrets"),
        ("fairlead check --only web", "whether this service alone could be deployed"),
    )
)
@environment_option
@work_dir_option
@access_options
@rollout_options
def command(environment: str | None, access: AccessOptions, options: RolloutOptions) -> None:
    """Ask before the build whether a deploy of this commit would be taken; nothing is changed.

    The compose files are judged, every secret of the app is looked for, the registry's login is tried, and each
    server is asked what it would refuse: a key or host key that is wrong, an app of another repository, a newer
    commit that serves. `fairlead ship` does the same by itself.
    """
    from fairlead.rollout.check import run_check
    from fairlead.rollout.place import find_place

    run_check(find_place(environment, access, options.registry), options, report.current())
