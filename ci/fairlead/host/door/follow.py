"""Follow the output of several containers at once."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterable, Iterator
from typing import Optional, Tuple

from ..engine.containers import Container
from ..engine.engine import Engine
from ..wire.errors import AgentError

_Line = Tuple[Container, Optional[str]]
_WAITING = 500
"""Lines, each of which may be as long as ``unixhttp.MAX_LINE``."""


def follow_logs(
    engine: Engine, containers: Iterable[Container], tail: int
) -> Iterator[tuple[Container, str]]:
    """Lines as they come, until every container has ended. The readers are daemons: who stops listening just goes."""
    lines: queue.Queue[_Line] = queue.Queue(maxsize=_WAITING)
    readers = [
        threading.Thread(target=_read, args=(engine, one, tail, lines), daemon=True) for one in containers
    ]
    for reader in readers:
        reader.start()
    open_readers = len(readers)
    while open_readers:
        container, line = lines.get()
        if line is None:
            open_readers -= 1
        else:
            yield container, line


def _read(engine: Engine, container: Container, tail: int, lines: queue.Queue[_Line]) -> None:
    try:
        for line in engine.logs(container.id, tail=tail, follow=True):
            lines.put((container, line))
    except AgentError as error:
        lines.put((container, f"({error.what}: {error.why})"))
    finally:
        lines.put((container, None))
