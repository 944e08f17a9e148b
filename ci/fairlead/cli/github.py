"""``fairlead github``: what only a job of GitHub Actions needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from fairlead import report
from fairlead.cli.options.shared import environment_option, examples, work_dir_option

if TYPE_CHECKING:
    from pathlib import Path


@click.group()
def command() -> None:
    """What only a job of GitHub Actions needs."""


@command.command(
    epilog=examples(("fairlead github comment", "after `fairlead publish`, in a job of a pull request"))
)
@work_dir_option
@click.option(
    "--github-token",
    envvar="GITHUB_TOKEN",
    show_envvar=True,
    metavar="TOKEN",
    help="A token that may write to pull requests; give it by the variable.",
)
@click.option(
    "--allow-failure",
    is_flag=True,
    envvar="FAIRLEAD_ALLOW_FAILURE",
    show_envvar=True,
    help="End with 0 and a warning where GitHub does not take the comment: the images are there.",
)
def comment(work_dir: str, github_token: str | None, allow_failure: bool) -> None:
    """Name the published images in one comment of the pull request, a section for each app of the repository."""
    import os
    from pathlib import Path

    from fairlead.errors import CommandFailedError, InputError
    from fairlead.github.comment import put_comment, render_section
    from fairlead.github.context import read_context
    from fairlead.image.workdir import claim_work_dir
    from fairlead.settings.load import load_settings

    reporter = report.current()
    context = read_context(os.environ)
    if context is None or context.pull_request is None:
        raise InputError(
            "this is not the job of a pull request", fix="run it in a workflow `on: pull_request`"
        )
    if not github_token:
        raise InputError("there is no token", fix="give the step `env: GITHUB_TOKEN: ${{ github.token }}`")
    report.redact(github_token)
    root = load_settings(Path.cwd(), os.environ).root
    published = _read_published(claim_work_dir(root, work_dir) / "publish.json")
    number = context.pull_request.number
    section = render_section(published, context)
    try:
        with reporter.step(f"comment on #{number}"):
            url = put_comment(context, number, github_token, str(published["app"]), section)
    except CommandFailedError as error:
        if not allow_failure:
            raise
        reporter.warn(": ".join(filter(None, (f"there is no comment: {error.what}", error.fix))))
        url = ""
    reporter.result({"schema": "fairlead.comment/v1", "number": number, "url": url}, url)


@command.command(
    epilog=examples(("fairlead github matrix", "for `strategy: {matrix: {include: …}}` of a job that builds"))
)
@click.option(
    "--runs-on",
    envvar="FAIRLEAD_RUNS_ON",
    show_envvar=True,
    metavar="RUNNER",
    default="ubuntu-24.04",
    show_default=True,
    help="The runner of the other jobs; several labels as a JSON list.",
)
@click.option(
    "--runners",
    envvar="FAIRLEAD_RUNNERS",
    show_envvar=True,
    metavar="JSON",
    default="",
    help="A runner by platform, for those that are not to be chosen by themselves.",
)
@environment_option
def matrix(runs_on: str, runners: str, environment: str | None) -> None:
    """Tell which runner builds which platforms of fairlead.yaml: natively, wherever GitHub has one of that kind."""
    import json
    import os
    from pathlib import Path

    from fairlead.github.matrix import artifact_name, plan_matrix
    from fairlead.settings.load import load_settings

    entries = plan_matrix(load_settings(Path.cwd(), os.environ).platforms, runs_on, runners)
    text = "\n".join(f"{one['platforms'] or 'what it is'}: {one['runs-on']}" for one in entries)
    # An output is a text: what a job hands on is parsed again there.
    document = {
        "schema": "fairlead.matrix/v1",
        "matrix": json.dumps(entries),
        "several": len(entries) > 1,
        "artifact": artifact_name(os.environ.get("FAIRLEAD_DIRECTORY", ""), environment or ""),
    }
    report.current().result(document, text)


def _read_published(path: Path) -> dict[str, Any]:
    """The document that ``fairlead publish`` left."""
    import json

    from fairlead import files
    from fairlead.errors import InputError

    try:
        document = json.loads(files.read(path))
    except (OSError, ValueError) as error:
        raise InputError(
            f"{path} can't be read", why=str(error), fix="run `fairlead publish` first"
        ) from error
    if not isinstance(document, dict) or document.get("schema") != "fairlead.publish/v1":
        raise InputError(f"{path} is no fairlead.publish/v1 document", fix="run `fairlead publish` again")
    return document
