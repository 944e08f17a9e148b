"""What a failed container leaves behind, for the error: its last words and what its health check said."""

from __future__ import annotations

from .containers import Container
from .engine import Engine
from .errors import AgentError

_LINES = 20


def read_evidence(engine: Engine, container: Container, lines: int = _LINES) -> tuple[str, ...]:
    """Health output and last log lines of a container; a container without either says so."""
    try:
        output = list(engine.logs(container.id, tail=lines))[-lines:]
    except AgentError as error:
        output = [f"(no logs: {error.why or error.what})"]
    return (
        *container.health_log,
        *(f"{container.service or container.name}: {line}" for line in output or ["(it printed nothing)"]),
    )
