"""How far the build of this job is trusted, by what GitHub says of the job."""

from __future__ import annotations

from collections.abc import Mapping

from fairlead.github.context import GitHubContext, read_context
from fairlead.image.build.trust import Trust

CACHE_WRITE = "FAIRLEAD_CACHE_WRITE"
# What these events run was pushed to the branch, or the tag of a release, that they name. `workflow_run`, `issue_comment` and their like name the
# default branch, too, and check out what they like.
_OWN_EVENTS = {"push", "schedule", "workflow_dispatch", "repository_dispatch", "release"}


def read_trust(environ: Mapping[str, str], revision: str) -> Trust:
    """How far a build of this commit is trusted here.

    Raises:
        InputError: the event of the job is not JSON.
    """
    return plan_trust(read_context(environ), environ, revision)


def refuse_commands(context: GitHubContext | None, revision: str) -> str:
    """Why no program that the repository names may be run in this job, to fetch secrets; empty where it may.

    Who writes a commit decides what such a program is. So it has to be one of a branch of the repository itself, in a
    job of its own: those for others' events run beside the secrets, whatever they check out. Pure.

    Args:
        context: the job; None where it is none of GitHub's.
        revision: the commit whose program it is.
    """
    if context is None:
        return ""
    pull = context.pull_request
    if pull is not None and pull.fork:
        return "this job is for a pull request of a fork"
    if context.event == "pull_request" and pull is not None:
        return ""
    if context.event not in _OWN_EVENTS:
        return f"this job runs for the event {context.event or '(none)'}, whatever it has checked out"
    if context.sha != revision:
        return f"this job is for the commit {context.sha[:12]}, and the files are those of {revision[:12]}"
    return ""


def plan_trust(context: GitHubContext | None, environ: Mapping[str, str], revision: str) -> Trust:
    """How far a build is trusted.

    Who runs another CI, or deploys from a protected branch that is not the default one, says ``FAIRLEAD_CACHE_WRITE``;
    a pull request or a tag does not get it.

    Args:
        context: the job; None where it is none of GitHub's.
        environ: variables.
        revision: the commit that is built.
    """
    says_so = Trust(writes=environ.get(CACHE_WRITE) == "true")
    if context is None:
        return says_so
    pull = context.pull_request
    if pull is not None or context.event.startswith("pull_request"):
        known = pull is not None and not pull.fork
        number = pull.number if pull is not None else 0
        return Trust(reads=known, pull_request=number)
    if context.ref.startswith("refs/tags/"):
        return Trust(is_tag=True)
    if context.event not in _OWN_EVENTS or context.sha != revision:
        return Trust()
    is_default = bool(context.default_branch) and context.branch == context.default_branch
    return Trust(writes=True) if is_default else says_so
