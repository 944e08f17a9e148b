"""New values of secrets, on every server: a new release with the same images."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from fairlead.host.wire.changes import RotateCall
from fairlead.host.wire.planned import PlanAnswer
from fairlead.host.wire.request import Options
from fairlead.release.bundle import mark_secrets
from fairlead.release.secrets import Secret
from fairlead.remote.session import Blob
from fairlead.report import Reporter
from fairlead.rollout.finish import finish_rollout
from fairlead.rollout.lines import ask_each, open_lines
from fairlead.rollout.place import Place
from fairlead.rollout.servers import ask_marks, choose_marks, connect_all, run_alike
from fairlead.rollout.who import whoami

Secrets = Mapping[str, Secret]


def run_rotation(
    place: Place, secrets: Secrets, options: Options, work_dir: Path, reporter: Reporter
) -> None:
    """Give the secrets their new values.

    Raises:
        FairleadError: it failed.
    """
    blobs = [Blob("secret", name, secret.reveal()) for name, secret in secrets.items()]
    with open_lines(place) as lines, lines.ask_ahead(ask_marks) as aheads:
        servers, states = connect_all(place, aheads, reporter)
        marks = choose_marks(states)
        change = RotateCall(mark_secrets(secrets, marks), options, whoami(), marks.key.hex())
        result = run_alike(place, servers, states, change, blobs, reporter)
    finish_rollout(place, result, reporter, work_dir, lines)


def plan_rotation(place: Place, secrets: Secrets, options: Options) -> dict[str, PlanAnswer]:
    """What each server would do."""
    marks = choose_marks(ask_each(place, ask_marks))
    change = RotateCall(mark_secrets(secrets, marks), options)
    return ask_each(place, lambda server: server.plan(change))
