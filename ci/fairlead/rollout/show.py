"""What is shown of a rollout while it goes on: plans, events, remarks on the files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fairlead.findings import Finding
from fairlead.host.wire.events import WARNING, AttachedEvent, NoteEvent, PhaseEvent, TaskEvent
from fairlead.host.wire.planned import PlanAnswer
from fairlead.host.wire.result import Event
from fairlead.release.plan_text import HEADERS, group_plans, plan_lines, plan_rows, plan_sentence
from fairlead.report import Reporter


def show_event(reporter: Reporter, event: Event, host: str = "") -> None:
    """Show one event of a task as it comes; ``host`` is said where there are several."""
    said = f"{host}: " if host else ""
    if isinstance(event, PhaseEvent):
        reporter.phase(event.phase, event.state, event.seconds, event.detail, host)
    elif isinstance(event, TaskEvent):
        reporter.line(f"{said}{event.previous or 'nothing'} -> {event.release}")
    elif isinstance(event, NoteEvent):
        show_note(reporter, event, host)
    elif isinstance(event, AttachedEvent) and event.resumed:
        reporter.line(f"{said}following task {event.task}, which is under way on the server")


def show_note(reporter: Reporter, event: Event, host: str = "") -> None:
    """Show an event if it is a note: where all else is no news."""
    if isinstance(event, NoteEvent):
        say = reporter.warn if event.level == WARNING else reporter.line
        say(f"{host}: {event.text}" if host else event.text)


def show_plans(
    plans: Mapping[str, PlanAnswer], reporter: Reporter, release: Mapping[str, Any] | None = None
) -> None:
    """Show the plan of each server; hosts that have the same one are named together."""
    groups = group_plans(plans)
    for hosts, plan in groups:
        if len(groups) > 1:
            reporter.line(f"on {hosts}:")
        reporter.table(HEADERS, plan_rows(plan))
        for text in plan_lines(plan, release):
            reporter.line(text)
    document = {
        **next(iter(plans.values())).document,
        "host": ", ".join(plans),
        "hosts": [{"host": host, **plan.document} for host, plan in plans.items()],
        **({"release_document": release} if release is not None else {}),
    }
    reporter.result(document, "\n".join(plan_sentence(plan, hosts) for hosts, plan in groups))


def show_remarks(reporter: Reporter, remarks: Sequence[Finding]) -> None:
    """Show what the user should know about the compose files."""
    # A part that several looks at the files find is told once.
    for remark in dict.fromkeys(remarks):
        reporter.warn(f"{remark.what} ({remark.fix})" if remark.fix else remark.what, remark.location)
