"""``fairlead github``: what only a job of GitHub Actions needs."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from fairlead import report
from fairlead.cli.options.shared import access_options, environment_option, examples, work_dir_option

if TYPE_CHECKING:
    from pathlib import Path

    from fairlead.remote.access import AccessOptions
    from fairlead.rollout.place import Place

_Decorated = TypeVar("_Decorated", bound=Callable[..., Any])


def _token_option(what: str) -> Callable[[_Decorated], _Decorated]:
    return click.option(
        "--github-token",
        envvar="GITHUB_TOKEN",
        show_envvar=True,
        metavar="TOKEN",
        help=f"A token that may write {what}; give it by the variable.",
    )


def _allow_failure_option(what: str) -> Callable[[_Decorated], _Decorated]:
    return click.option(
        "--allow-failure",
        is_flag=True,
        envvar="FAIRLEAD_ALLOW_FAILURE",
        show_envvar=True,
        help=f"End with 0 and a warning where GitHub does not take {what}: what it tells of is done.",
    )


@click.group()
def command() -> None:
    """What only a job of GitHub Actions needs."""


@command.command(
    epilog=examples(("fairlead github comment", "after `fairlead publish`, in a job of a pull request"))
)
@work_dir_option
@_token_option("pull requests")
@_allow_failure_option("the comment")
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
    token = _given_token(github_token)
    root = load_settings(Path.cwd(), os.environ).root
    published = _read_published(claim_work_dir(root, work_dir) / "publish.json")
    number = context.pull_request.number
    section = render_section(published, context)
    try:
        with reporter.step(f"comment on #{number}"):
            url = put_comment(context, number, token, str(published["app"]), section)
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


@command.command(
    epilog=examples(
        ("fairlead github deployment --state in_progress", "before `fairlead deploy`"),
        ("fairlead github deployment", "after a deploy or rollback, however it ended"),
    )
)
@environment_option
@access_options
@click.option(
    "--state",
    type=click.Choice(("queued", "in_progress", "failure")),
    help="Say how the deploy of this job stands. [default: ask the servers what serves]",
)
@_token_option("deployments")
@_allow_failure_option("the deployment")
def deployment(
    environment: str | None,
    access: AccessOptions,
    state: str | None,
    github_token: str | None,
    allow_failure: bool,
) -> None:
    """Tell GitHub which commit the environment runs: one deployment is active, that of the release which serves.

    For jobs that name no `environment:`, and for rollbacks: GitHub makes a deployment of its own for a job that does,
    of the commit of its run.
    """
    import os

    from fairlead.errors import FairleadError, InputError
    from fairlead.github.context import read_context
    from fairlead.github.deployments import open_deployments
    from fairlead.identity import read_identity
    from fairlead.rollout.place import find_place

    context = read_context(os.environ)
    if context is None:
        raise InputError("this is no job of GitHub Actions", fix="run it in a workflow")
    token = _given_token(github_token)
    place, reporter = find_place(environment, access), report.current()
    name = place.environment.name
    revision, url, told, runs = "", "", False, "it is not known what serves"
    try:
        with reporter.step(f"tell GitHub what {name} runs"):
            if state:
                revision = read_identity(place.settings.root).revision
                runs = f"{revision[:12]}: {state}"
            else:
                revision, runs = _serving(place)
            deployments = open_deployments(context, token, name, place.environment.url)
            url = deployments.tell(revision, state) if state else deployments.settle(revision)
            told = True
    except FairleadError as error:
        if not allow_failure:
            raise
        reporter.warn(": ".join(filter(None, (f"GitHub was not told: {error.what}", error.fix))))
    document = {
        "schema": "fairlead.deployment/v1",
        "environment": name,
        "revision": revision,
        "told": told,
        "url": url,
    }
    reporter.result(document, f"{name}: {runs}" + ("" if told else "; GitHub was not told"))


def _serving(place: Place) -> tuple[str, str]:
    """The commit that serves, and that in words; of several servers that of the first. Empty where nothing does.

    Raises:
        FairleadError: that is not known, or of no commit.
    """
    from fairlead.errors import CommandFailedError
    from fairlead.release.together import plan_reference
    from fairlead.rollout.back import read_releases

    state = plan_reference(read_releases(place))
    if not state.serving:
        return "", "nothing serves"
    if not state.revision:
        raise CommandFailedError(f"{state.serving} serves, which was made of no commit")
    return state.revision, state.revision[:12]


def _given_token(token: str | None) -> str:
    from fairlead.errors import InputError

    if not token:
        raise InputError("there is no token", fix="give the step `env: GITHUB_TOKEN: ${{ github.token }}`")
    report.redact(token)
    return token


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
