"""How a deploy, a rollback or a new value of a secret has ended: told, written down, and an error if it failed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fairlead.image.workdir import write_json
from fairlead.remote.outcome import HostEnd, RolloutEnd, deploy_document
from fairlead.report import Phase, Reporter
from fairlead.report.redact import masked_document
from fairlead.rollout.lines import Lines
from fairlead.rollout.place import Place


def finish_rollout(
    place: Place,
    end: RolloutEnd,
    reporter: Reporter,
    work_dir: Path,
    lines: Lines,
    *,
    before: Sequence[Phase] = (),
) -> None:
    """Write ``deploy.json``, show the timeline, and end well or with the error of the result.

    Raises:
        FairleadError: the deploy failed.
    """
    traffic = {"connections": lines.connections, "agent_bytes": lines.agent_bytes}
    environment = place.environment
    where = {"app": place.app, "environment": environment.name, "url": environment.url}
    document = deploy_document(end, place.host, {**where, "traffic": traffic})
    # The server hides what it knows; a registry's password is known here alone.
    shown = masked_document(document)
    assert isinstance(shown, dict)
    write_json(work_dir / "deploy.json", shown)
    phases = [(one.phase, one.state, one.seconds) for one in end.result.phases]
    if phases:
        reporter.timeline([*before, *phases])
    if len(end.hosts) > 1:
        reporter.table(("HOST", "ENDED", "SERVES"), [_host_row(one) for one in end.hosts])
    failure = end.failure
    if failure is not None:
        # A job that goes on has to know what serves: a release may be live, and be no page that users get.
        failure.document = document
        raise failure
    for line in _contents_lines(document):
        reporter.line(line)
    reporter.result(document, _sentence(place, end))


def _contents_lines(document: Mapping[str, Any]) -> list[str]:
    """What changed in each image of ours, in a line."""
    from fairlead.image.scan.compared import sentence

    images = (document.get("changes") or {}).get("images") or ()
    found = [(str(one["image"]), one.get("contents")) for one in images]
    return [f"{name}: {sentence(one)}" for name, one in found if one]


def _sentence(place: Place, end: RolloutEnd) -> str:
    where, result = place.environment.url or place.host, end.result
    if any(one.result.data.get("maintenance") for one in end.hosts):
        ready = result.serving if result.status == "unchanged" else result.release
        return f"{place.app} {ready} is ready at {where}, and users see the page of the maintenance: `fairlead maintenance off` lets them in"
    if result.status == "unchanged":
        return f"{place.app} {result.serving} serves already at {where}: nothing to do"
    return f"{place.app} {result.release} serves at {where}"


def _host_row(one: HostEnd) -> tuple[str, ...]:
    what = one.result.error.what if one.result.error is not None else ""
    ended = f"{one.result.status}: {what}" if what else one.result.status
    return one.host, ended, one.result.serving or "-"
