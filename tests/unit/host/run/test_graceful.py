"""How long old containers are waited for, and what is told of it."""

from __future__ import annotations

from typing import Any

import pytest

from fairlead.host.run import graceful
from fairlead.host.watch.inflight import InFlight


class _Told:
    """Where the notes go."""

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.warnings: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)

    def warn(self, text: str) -> None:
        self.warnings.append(text)


def _wait(monkeypatch: pytest.MonkeyPatch, found: InFlight | None, bound: float) -> _Told:
    host: Any = _Told()
    monkeypatch.setattr(graceful, "count_in_flight", lambda *_: found)
    graceful._await_requests(host, {"10.0.0.2"}, lambda: (), bound)
    return host  # type: ignore[no-any-return]


@pytest.mark.parametrize("bound", [0.0, 60.0])
def test_a_stream_alone_is_never_told_as_a_request_that_did_not_end(
    monkeypatch: pytest.MonkeyPatch, bound: float
) -> None:
    """Also where the time was over before anybody could look often enough: a host may be as busy as it likes."""
    told = _wait(monkeypatch, InFlight(0, 1), bound)
    assert told.notes == ["1 stream open: asked to end, their clients come back to what serves"]
    assert told.warnings == []


@pytest.mark.parametrize("found", [InFlight(1, 0), None])
def test_a_request_that_did_not_end_is_told(monkeypatch: pytest.MonkeyPatch, found: InFlight | None) -> None:
    told = _wait(monkeypatch, found, 0.0)
    assert told.notes == []
    assert len(told.warnings) == 1
