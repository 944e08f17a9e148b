"""What a failed container leaves behind, for the error: its last words and what its health check said."""

from __future__ import annotations

import collections
from typing import Deque

from ..engine.bounded import Bound
from ..engine.containers import Container
from ..engine.engine import Engine
from ..wire.cut import cut
from ..wire.errors import AgentError
from .cause import find_cause

_LINES = 20
_SECONDS = 5.0
_BYTES = 1 << 21
_LONGEST = 2000
"""Characters of a line that are kept: what an app prints is its own decision, and an event is no file."""


def explain_container(container: Container, evidence: tuple[str, ...]) -> str:
    """The one line of the evidence that says most: what the health check said, or why a dead one died, as it says.

    One that has died may have been started again since, and know nothing of it.
    """
    if not container.has_died and container.health_log:
        return container.health_log[-1].splitlines()[0]
    printed = _printed(container, evidence)
    return f"{_prefix(container)}{find_cause(printed)}" if printed else ""


def explain_job(engine: Engine, container: Container, evidence: tuple[str, ...]) -> str:
    """The line of a job's output that tells why it failed, by its evidence and what of it went to stderr."""
    loud = list(_read_last(engine, container, _LINES, stdout=False))
    cause = find_cause(_printed(container, evidence), loud)
    return f"{_prefix(container)}{cause}" if cause else ""


def _printed(container: Container, evidence: tuple[str, ...]) -> list[str]:
    """What it printed itself, of the evidence."""
    prefix = _prefix(container)
    return [line[len(prefix) :] for line in evidence if line.startswith(prefix)]


def read_evidence(engine: Engine, container: Container, lines: int = _LINES) -> tuple[str, ...]:
    """Health output and last log lines of a container; a container without either says so."""
    output = _read_last(engine, container, lines)
    return (
        *dict.fromkeys(container.health_log),
        *(f"{_prefix(container)}{line}" for line in output or ["(it printed nothing)"]),
    )


def _prefix(container: Container) -> str:
    return f"{container.service or container.name}: "


def _read_last(engine: Engine, container: Container, lines: int, *, stdout: bool = True) -> Deque[str]:
    output: Deque[str] = collections.deque(maxlen=lines)
    try:
        for line in engine.logs(container.id, tail=lines, bound=Bound(_SECONDS, _BYTES), stdout=stdout):
            output.append(cut(line, _LONGEST))
    except AgentError as error:
        output.append(f"(no {'more ' if output else ''}logs: {error.why or error.what})")
    return output
