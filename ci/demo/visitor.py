"""A visitor who never stops looking: asks for one page again and again and counts what came back."""

from __future__ import annotations

import http.client
import json
import ssl
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

_PAUSE = 0.05
_TIMEOUT = 10.0


@dataclass
class Visits:
    """What the visitor saw: answers by release (``X-Release``), and everything else as lost."""

    answered: Counter[str] = field(default_factory=Counter)
    lost: list[str] = field(default_factory=list)

    @property
    def total(self) -> int:
        return self.answered.total() + len(self.lost)


class Visitor:
    """Asks for ``path`` about 20 times a second, over one kept-alive TLS connection, until it is left.

    Args:
        host: the address of the server.
        ca: the certificate authority that the server's certificate must come from.
        path: what to ask for.
        limit: seconds after which the visitor goes home by itself.
    """

    def __init__(self, host: str, ca: Path, *, path: str = "/", limit: float = 300.0) -> None:
        self.visits = Visits()
        self._host = host
        self._path = path
        self._context = ssl.create_default_context(cafile=str(ca))
        self._deadline = time.monotonic() + limit
        self._leaving = threading.Event()
        self._thread = threading.Thread(target=self._visit, name="visitor", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leaving.set()
        self._thread.join()

    def _visit(self) -> None:
        connection = self._connect()
        while not self._leaving.is_set() and time.monotonic() < self._deadline:
            try:
                connection.request("GET", self._path)
                answer = connection.getresponse()
                answer.read()
                if answer.status == http.client.OK:
                    self.visits.answered[answer.headers.get("X-Release", "?")[:12]] += 1
                else:
                    self.visits.lost.append(f"status {answer.status}")
            except (OSError, http.client.HTTPException) as error:
                self.visits.lost.append(repr(error))
                connection.close()
                connection = self._connect()
            self._leaving.wait(_PAUSE)
        connection.close()

    def _connect(self) -> http.client.HTTPSConnection:
        return http.client.HTTPSConnection(self._host, timeout=_TIMEOUT, context=self._context)


def read_json(host: str, ca: Path, path: str) -> dict[str, Any]:
    """The JSON object behind ``https://<host><path>``.

    Raises:
        OSError: the server does not answer, or not with 200.
    """
    connection = http.client.HTTPSConnection(
        host, timeout=_TIMEOUT, context=ssl.create_default_context(cafile=str(ca))
    )
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read()
        if answer.status != http.client.OK:
            raise ConnectionError(f"{path} answered {answer.status}: {body[:200]!r}")
        document = json.loads(body)
        assert isinstance(document, dict)
        return document
    finally:
        connection.close()
