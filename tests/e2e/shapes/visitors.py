"""An independent client: what users see while something is done to an app."""

from __future__ import annotations

import http.client
import threading
from collections import Counter
from collections.abc import Mapping
from types import TracebackType
from typing import Self

_PAUSE = 0.1
_TIMEOUT = 10.0
"""Users do not wait longer; what takes longer is lost."""
GOOD = 400
"""The first status that is no good answer."""


def ask(
    address: str,
    port: int = 80,
    path: str = "/",
    *,
    method: str = "GET",
    body: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> tuple[int, str]:
    """One request by a connection of its own; the status, 0 where there was no answer, and the text."""
    connection = http.client.HTTPConnection(address, port, timeout=_TIMEOUT)
    try:
        connection.request(method, path, body, dict(headers or {}))
        answer = connection.getresponse()
        return answer.status, answer.read().decode().strip()
    except (OSError, http.client.HTTPException) as error:
        return 0, type(error).__name__
    finally:
        connection.close()


class Visitors:
    """Two users who ask all the while, each again when it was answered; ``seen`` counts what they got."""

    def __init__(self, address: str, port: int = 80, headers: Mapping[str, str] | None = None) -> None:
        self.seen: Counter[tuple[int, str]] = Counter()
        self._done = threading.Event()
        self._where = (address, port)
        self._headers = dict(headers or {})
        self._threads = [threading.Thread(target=self._visit, daemon=True) for _ in range(2)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        for thread in self._threads:
            thread.join()

    def _visit(self) -> None:
        while not self._done.wait(_PAUSE):
            self.seen[ask(*self._where, headers=self._headers)] += 1

    @property
    def lost(self) -> int:
        """Requests without an answer, or with a bad one."""
        return sum(count for (status, _), count in self.seen.items() if not 0 < status < GOOD)

    def told(self) -> str:
        """In a cell of a table: ``all of 120`` or ``3 of 120 lost``."""
        total = sum(self.seen.values())
        return f"{self.lost} of {total} lost" if self.lost else f"all of {total}"
