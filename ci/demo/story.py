"""The story: three releases, the last one broken, and a way back. A list of scenes, told in order."""

from __future__ import annotations

import json
import os
import secrets
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from demo.repository import (
    ENVIRONMENT,
    Repository,
    add_environment,
    clone,
    make_secrets,
    write_environ,
)
from demo.visitor import Visitor, Visits, read_json
from fairlead.errors import CommandFailedError, ExitCode
from fairlead.passed import PYTHON
from fairlead.process import run
from fairlead.tools.cache import cache_dir
from lab.state import Lab, load

CHECKOUT = Path(__file__).resolve().parents[2]

# What the story changes in the source: a headline, and an honest mistake.
_HEADLINE = ("app/web/templates/base.html", "Release board</a>", "Release board, second edition</a>")
_MISTAKE = ("app/health.py", "if self.lifecycle.draining:", "if not self.lifecycle.draining:")


@dataclass
class Stage:
    """What the scenes share: the lab, the copy of the repository, and what has happened so far."""

    lab: Lab
    repository: Repository
    environ: Mapping[str, str]
    ca: Path
    releases: list[str] = field(default_factory=list)

    @property
    def address(self) -> str:
        return self.lab.servers[1].address


def say(text: str = "") -> None:
    """Tell the reader something."""
    click.echo(text)


def fairlead(stage: Stage, *words: str, expect: ExitCode = ExitCode.OK) -> None:
    """Run ``fairlead`` in the copy of the repository as a reader would, its output on the screen.

    Raises:
        CommandFailedError: it ended with another exit code than the story expects.
    """
    click.secho(f"\n$ fairlead {shlex.join(words)}", bold=True)
    _on_screen(words, stage.repository.root, stage.environ, expect)


def _on_screen(words: Sequence[str], cwd: Path, environ: Mapping[str, str], expect: ExitCode) -> None:
    done = subprocess.run(  # noqa: S603, TID251 - the reader's own terminal is what the command writes to
        [sys.executable, "-m", "fairlead", *words],
        cwd=cwd,
        env={**os.environ, **environ},
        stdin=subprocess.DEVNULL,
        check=False,
    )
    if done.returncode != expect:
        raise CommandFailedError(
            f"`fairlead {shlex.join(words)}` ended with exit code {done.returncode}, the story expects {expect:d}",
            why="what it printed stands above",
            fix="`fairlead lab status` and `fairlead lab logs 1` show the server; `make clean` starts over",
        )


def deployed(stage: Stage) -> str:
    """The id of the release that the last command made, from the document that it wrote."""
    document = json.loads((stage.repository.root / ".fairlead" / "deploy.json").read_text())
    return str(document["release"])


def set_the_stage() -> Stage:
    """Start the lab with a fresh server and make the copy of the repository."""
    folder = cache_dir() / "demo"
    for words in (("up",), ("wipe",)):
        _on_screen(("lab", *words), CHECKOUT, {}, ExitCode.OK)
    lab = load()
    repository = clone(CHECKOUT, folder / "board")
    server = lab.servers[1]
    add_environment(
        repository, f"{server.user}@{server.address}:{server.port}", server.address, lab.known_hosts
    )
    values = make_secrets(repository, folder / "secrets")
    # A namespace of its own: the tags of an earlier demonstration belong to commits of another history.
    registry = f"{lab.registry}/demo-{secrets.token_hex(3)}"
    environ = {**lab.environ, **values, "FAIRLEAD_REGISTRY": registry}
    write_environ(repository, environ)
    return Stage(lab, repository, environ, ca=folder / "root.crt")


def ship_the_first(stage: Stage) -> None:
    """A commit becomes a release that serves over https."""
    stage.repository.commit("Release 1")
    fairlead(stage, "ship", "--environment", ENVIRONMENT)
    stage.releases.append(deployed(stage))
    fetch_certificate_authority(stage)
    say(
        f"\nThe board answers: https://{stage.address}/health/ready -> "
        f"{read_json(stage.address, stage.ca, '/health/ready')}"
    )


def ship_the_second(stage: Stage) -> None:
    """A change of the source becomes release 2, and a visitor who never stops looking notices nothing."""
    stage.repository.edit(*_HEADLINE)
    stage.repository.commit("Release 2")
    with Visitor(stage.address, stage.ca) as visitor:
        fairlead(stage, "ship", "--environment", ENVIRONMENT)
        time.sleep(1)
    stage.releases.append(deployed(stage))
    tell_visits(visitor.visits)


def ship_the_broken(stage: Stage) -> None:
    """A commit that is never ready is refused; release 2 goes on serving."""
    stage.repository.edit(*_MISTAKE)
    stage.repository.commit("Release 3, broken: it is never ready")
    with Visitor(stage.address, stage.ca) as visitor:
        fairlead(stage, "ship", "--environment", ENVIRONMENT, expect=ExitCode.ROLLED_BACK)
        time.sleep(1)
    tell_visits(visitor.visits)
    stage.repository.revert()
    say("\nThe mistake is taken back by a commit of its own, so that the next `ship` is of a good one.")


def go_back(stage: Stage) -> None:
    """Release 1 again, images and configuration together, in about a second."""
    with Visitor(stage.address, stage.ca) as visitor:
        fairlead(stage, "rollback", "--environment", ENVIRONMENT, "--to", stage.releases[0])
        time.sleep(1)
    tell_visits(visitor.visits)


def look_at_the_board(stage: Stage) -> None:
    """The board, which was deployed, has heard of each deploy: releases, refusal and rollback."""
    fairlead(stage, "status", "--environment", ENVIRONMENT)
    time.sleep(2)
    document = read_json(stage.address, stage.ca, "/api/v1/timeline?limit=10")
    say("\nWhat the board shows, newest first:")
    for line in render_timeline(document):
        say(f"  {line}")


def fetch_certificate_authority(stage: Stage) -> None:
    """Bring the server's own certificate authority here, so that every visit from now on is verified."""
    found = run(
        [
            sys.executable,
            "-m",
            "fairlead",
            "lab",
            "ssh",
            "1",
            "--",
            "docker",
            "exec",
            "board-caddy-1",
            "cat",
            "/var/tmp/caddy/pki/authorities/local/root.crt",  # noqa: S108  in the container of the proxy
        ],
        also=PYTHON,
    )
    stage.ca.write_text(found.stdout)


def render_timeline(document: Mapping[str, Any]) -> list[str]:
    """One line for each event of the board's timeline."""
    return [
        f"{event['finished_at'][11:19]}  {event['kind']:8}  {event['status']:8}  release {event['release']}"
        f"  ({event['seconds']:.1f} s, {event['revision'][:12]} by {event['by']}); serving {event['serving']}"
        for event in document["events"]
    ]


def tell_visits(visits: Visits) -> None:
    """Say what the visitor saw meanwhile."""
    by_release = ", ".join(f"{count} by {release}" for release, count in visits.answered.items())
    say(f"\nA visitor meanwhile: {visits.total} requests, {len(visits.lost)} lost ({by_release})")
    if visits.lost:
        raise CommandFailedError(
            f"{len(visits.lost)} requests were lost during the switch",
            why=visits.lost[0],
            details=tuple(visits.lost[:10]),
        )


SCENES: tuple[tuple[str, Callable[[Stage], None]], ...] = (
    ("Release 1: from a commit to https", ship_the_first),
    ("Release 2: a change that nobody notices", ship_the_second),
    ("Release 3 is broken: it never serves", ship_the_broken),
    ("Back to release 1", go_back),
    ("The board shows all of it", look_at_the_board),
)
