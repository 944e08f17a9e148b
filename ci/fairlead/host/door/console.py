"""The agent's answers as text, for somebody who is logged in on the server: the only place of it that prints."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Union

from ..wire.answer import render_answer
from ..wire.events import BEGUN, NoteEvent, PhaseEvent, TaskEvent
from ..wire.result import ErrorReport, Event, Result
from ..wire.text import (
    HISTORY_HEADERS,
    STATUS_HEADERS,
    find_troubles,
    history_rows,
    render_table,
    status_remarks,
    status_rows,
    status_sentence,
)
from ..wire.visible import visible

if TYPE_CHECKING:
    from ..wire.status import HistoryAnswer, StateAnswer


def render(answer: Union[StateAnswer, HistoryAnswer]) -> list[str]:
    """The lines of ``status`` or ``history``."""
    from ..wire.status import HistoryAnswer

    if isinstance(answer, HistoryAnswer):
        rows = history_rows(answer.history)
        return render_table(HISTORY_HEADERS, rows) if rows else [f"{answer.app} has no history here"]
    now = time.time()
    rows = status_rows(answer, now)
    table = ["", *render_table(STATUS_HEADERS, rows), ""] if rows else []
    return [status_sentence(answer, now), *table, *find_troubles(answer, now), *status_remarks(answer)]


def event_lines(event: Event) -> list[str]:
    """What to print for one event of a task."""
    if isinstance(event, TaskEvent):
        return [f"{event.previous or 'nothing'} -> {event.release}"]
    if isinstance(event, PhaseEvent) and event.state != BEGUN:
        seconds = f" {event.seconds:.1f}s" if event.seconds is not None else ""
        detail = f": {event.detail}" if event.detail else ""
        return [f"{event.state:>8} {event.phase}{seconds}{detail}"]
    if isinstance(event, NoteEvent):
        return [f"{event.level}: {event.text}"]
    if isinstance(event, Result):
        serving = f"{event.serving} serves" if event.serving else "nothing serves"
        return [f"{event.status}: {serving}"]
    return []


def say(text: str, *, error: bool = False) -> None:
    """Print one or more lines; nothing in them steers the terminal."""
    print(visible(text), file=sys.stderr if error else sys.stdout, flush=True)


def say_json(document: Mapping[str, Any], *, pretty: bool = False) -> None:
    """Print a document, in ASCII."""
    print(json.dumps(document, indent=2 if pretty else None), flush=True)


def show_event(event: Event) -> None:
    """Print an event, and the error of a result."""
    for line in event_lines(event):
        say(line)
    if isinstance(event, Result) and event.error is not None:
        show_error(event.error, as_json=False)


def show_error(error: ErrorReport, *, as_json: bool) -> None:
    """Print an error: what, why, fix, and the evidence."""
    if as_json:
        say_json({"schema": "fairlead.error/v1", **render_answer(error)})
        return
    say(f"error: {error.what}", error=True)
    for name, text in (("why", error.why), ("fix", error.fix)):
        if text:
            say(f"  {name}: {text}", error=True)
    for line in error.details:
        say(f"  | {line}", error=True)
