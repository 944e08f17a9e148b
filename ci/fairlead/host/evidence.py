"""What a failed container leaves behind, for the error: its last words and what its health check said."""

from __future__ import annotations

from .containers import Container
from .engine import Engine
from .errors import AgentError

_LINES = 20


def explain_container(container: Container, evidence: tuple[str, ...]) -> str:
    """The one line of the evidence that says most: what the health check said, or the last words of the dead."""
    if container.running and container.health_log:
        return container.health_log[-1].splitlines()[0]
    return evidence[-1] if evidence else ""


def read_evidence(engine: Engine, container: Container, lines: int = _LINES) -> tuple[str, ...]:
    """Health output and last log lines of a container; a container without either says so."""
    try:
        output = list(engine.logs(container.id, tail=lines))[-lines:]
    except AgentError as error:
        output = [f"(no logs: {error.why or error.what})"]
    return (
        *dict.fromkeys(container.health_log),
        *(f"{container.service or container.name}: {line}" for line in output or ["(it printed nothing)"]),
    )
