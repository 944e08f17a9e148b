"""The bundle: the release document and what travels beside it. Everything here is pure.

The document names files by the hash of their content, values of secrets by one with a key; the contents are the blobs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from fairlead import __version__
from fairlead.host.wire.cut import cut
from fairlead.host.wire.visible import visible_line
from fairlead.release.secrets import Secret

if TYPE_CHECKING:
    from fairlead.app.split import ReleaseParts
    from fairlead.host.wire.marks import Marks
    from fairlead.judge.evidence import Evidence
    from fairlead.settings.values import Environment, Settings

SCHEMA = "fairlead.release/v1"
_MOST_TOLD = 200
"""Characters of a subject or a name that are told."""


@dataclass(frozen=True)
class Origin:
    """Where a release comes from.

    Attributes:
        revision: the commit, full.
        revision_time: when it was committed, seconds since the epoch.
        source: the repository; a server takes an app from one repository only.
        directory: the folder of it that the app lies in, and so from one folder only; empty where nobody knows.
        created_by: who deploys, for the journal: a person and a machine, or the actor of a job.
        subject: the first line of the commit's message, for the board.
        author: the name of the commit's author, for the board.
        run: where the job that deploys can be looked at, empty outside one.
    """

    revision: str
    revision_time: int
    source: str
    created_by: str
    directory: str = ""
    subject: str = ""
    author: str = ""
    run: str = ""


@dataclass(frozen=True)
class Bundle:
    """What a deploy sends.

    Attributes:
        release: the document, ``fairlead.release/v1``.
        files: contents of config files by their sha256.
        secrets: values by name.
    """

    release: Mapping[str, Any]
    files: Mapping[str, bytes] = field(repr=False)
    secrets: Mapping[str, Secret]


def plan_bundle(
    settings: Settings,
    environment: Environment,
    parts: ReleaseParts,
    secrets: Mapping[str, Secret],
    marks: Marks,
    origin: Origin,
    verdict: Evidence,
) -> Bundle:
    """The bundle of a release.

    Args:
        settings: fairlead.yaml.
        environment: where it goes.
        parts: the app, split, with every image pinned by digest.
        secrets: the values, by name.
        marks: how the document names them.
        origin: which commit, from where, by whom.
        verdict: that the compose files were judged; a server takes no release without it.
    """
    app = settings.name_of(environment)
    release = {
        "schema": SCHEMA,
        "app": app,
        **({"configured_app": settings.app} if app != settings.app else {}),
        "environment": environment.name,
        "revision": origin.revision,
        "revision_time": origin.revision_time,
        "created_by": origin.created_by,
        "tool": f"fairlead {__version__}",
        "source": origin.source,
        **({"directory": origin.directory} if origin.directory else {}),
        "url": environment.url or None,
        "options": {
            "start_timeout": settings.deploy.start_timeout,
            "drain_timeout": settings.deploy.drain_timeout,
            "keep": settings.deploy.keep,
            "keep_size": settings.deploy.keep_size,
            "standby": settings.deploy.standby,
            "standby_memory": settings.deploy.standby_memory,
            "watch": _watch(settings),
            "release_header": settings.deploy.release_header,
        },
        "verdict": verdict.to_json(),
        **parts.document(),
        "secrets": mark_secrets(secrets, marks),
        "events": _events(settings),
        **_commit(settings, origin),
    }
    return Bundle(release, parts.blobs, secrets)


def mark_secrets(secrets: Mapping[str, Secret], marks: Marks) -> dict[str, str]:
    """What the values are called on the servers."""
    return {name: marks.of(name, secret.reveal()) for name, secret in sorted(secrets.items())}


def plan_created_by(environ: Mapping[str, str], user: str, machine: str) -> str:
    """Who deploys, in one line: GitHub's actor in a job, else ``user@machine``."""
    actor = environ.get("GITHUB_ACTOR", "") if environ.get("GITHUB_ACTIONS") == "true" else ""
    return visible_line(f"{actor} (GitHub Actions)" if actor else f"{user}@{machine}")[:200]


def plan_run(environ: Mapping[str, str]) -> str:
    """Where the job of GitHub Actions that this is can be looked at; empty outside one."""
    if environ.get("GITHUB_ACTIONS") != "true":
        return ""
    server, repository = environ.get("GITHUB_SERVER_URL", ""), environ.get("GITHUB_REPOSITORY", "")
    run, attempt = environ.get("GITHUB_RUN_ID", ""), environ.get("GITHUB_RUN_ATTEMPT", "")
    if not (server.startswith(("https://", "http://")) and repository and run.isdecimal()):
        return ""
    again = f"/attempts/{attempt}" if attempt.isdecimal() and attempt != "1" else ""
    return f"{server}/{repository}/actions/runs/{run}{again}"


def _commit(settings: Settings, origin: Origin) -> dict[str, Any]:
    """What the board is told of the commit; texts of whoever wrote it, on one line and of a bounded length.

    It is no part of what the release is: the same commit deployed by another job is the same release.
    """
    if _events(settings) is None:
        return {}
    told = {
        "subject": cut(visible_line(origin.subject), _MOST_TOLD),
        "author": cut(visible_line(origin.author), _MOST_TOLD),
        **({"run": origin.run} if origin.run else {}),
    }
    return {"commit": told}


def _watch(settings: Settings) -> dict[str, float]:
    watch = settings.deploy.watch
    return {
        "window": watch.window,
        "errors": watch.errors,
        "slow": watch.slow,
        "requests": watch.requests,
    }


def _events(settings: Settings) -> dict[str, str] | None:
    # A board without a token takes no events: they are authenticated.
    if settings.events is None or not settings.events.token:
        return None
    return {"url": settings.events.url, "token_secret": settings.events.token}
