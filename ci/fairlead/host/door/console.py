"""The agent's answers as text, for somebody who is logged in on the server: the only place of it that prints."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Union

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
    return [status_sentence(answer, now), *table, *find_troubles(answer), *status_remarks(answer)]


def render_event(event: Mapping[str, Any]) -> list[str]:
    """What to print for one event of a task."""
    kind = event.get("event")
    if kind == "task":
        return [f"{event.get('previous') or 'nothing'} -> {event.get('release')}"]
    if kind == "phase" and event.get("state") != "begin":
        seconds = f" {event['seconds']:.1f}s" if isinstance(event.get("seconds"), (int, float)) else ""
        detail = f": {event['detail']}" if event.get("detail") else ""
        return [f"{event['state']:>8} {event['phase']}{seconds}{detail}"]
    if kind == "note":
        return [f"{event.get('level')}: {event.get('text')}"]
    if kind == "result":
        serving = f"{event['serving']} serves" if event.get("serving") else "nothing serves"
        return [f"{event['status']}: {serving}"]
    return []


def say(text: str, *, error: bool = False) -> None:
    """Print one or more lines; nothing in them steers the terminal."""
    print(visible(text), file=sys.stderr if error else sys.stdout, flush=True)


def say_json(document: Mapping[str, Any], *, pretty: bool = False) -> None:
    """Print a document, in ASCII."""
    print(json.dumps(document, indent=2 if pretty else None), flush=True)


def show_event(event: Mapping[str, Any]) -> None:
    """Print an event, and the error of a result."""
    for line in render_event(event):
        say(line)
    if event.get("event") == "result" and event.get("error"):
        show_error(event["error"], as_json=False)


def show_error(error: Mapping[str, Any], *, as_json: bool) -> None:
    """Print an error: what, why, fix, and the evidence."""
    if as_json:
        say_json({"schema": "fairlead.error/v1", **error})
        return
    say(f"error: {error['what']}", error=True)
    for name in ("why", "fix"):
        if error.get(name):
            say(f"  {name}: {error[name]}", error=True)
    for line in error.get("details") or ():
        say(f"  | {line}", error=True)
