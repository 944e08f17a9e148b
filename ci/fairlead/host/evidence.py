"""What a failed container leaves behind, for the error: its last words and what its health check said."""

from __future__ import annotations

import collections
from typing import Deque

from .bounded import Bound
from .containers import Container
from .cut import cut
from .engine import Engine
from .errors import AgentError

_LINES = 20
_SECONDS = 5.0
_BYTES = 1 << 21
_LONGEST = 2000
"""Characters of a line that are kept: what an app prints is its own decision, and an event is no file."""


def explain_container(container: Container, evidence: tuple[str, ...]) -> str:
    """The one line of the evidence that says most: what the health check said, or the last words of the dead."""
    if container.running and container.health_log:
        return container.health_log[-1].splitlines()[0]
    return evidence[-1] if evidence else ""


def read_evidence(engine: Engine, container: Container, lines: int = _LINES) -> tuple[str, ...]:
    """Health output and last log lines of a container; a container without either says so."""
    output: Deque[str] = collections.deque(maxlen=lines)
    try:
        for line in engine.logs(container.id, tail=lines, bound=Bound(_SECONDS, _BYTES)):
            output.append(cut(line, _LONGEST))
    except AgentError as error:
        output.append(f"(no {'more ' if output else ''}logs: {error.why or error.what})")
    return (
        *dict.fromkeys(container.health_log),
        *(f"{container.service or container.name}: {line}" for line in output or ["(it printed nothing)"]),
    )
