"""All servers as one: how it ends where nobody hears of them any more."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from fairlead.errors import CommandFailedError, FairleadError, InterruptedByUserError
from fairlead.remote import coordinator
from fairlead.remote.coordinator import Ends
from fairlead.rollout.servers import run_parts
from tests.recording import RecordingReporter


@pytest.mark.parametrize("hosts", [("a",), ("a", "b")])
@pytest.mark.parametrize(
    "error", [CommandFailedError("the connection was lost"), InterruptedByUserError("left")]
)
def test_what_nobody_knows_is_no_standing(
    monkeypatch: pytest.MonkeyPatch, hosts: tuple[str, ...], error: FairleadError
) -> None:
    """A job goes on by it: neither a release that serves nor that nothing does was seen."""

    def run_together(*_: Any, **__: Any) -> Ends:
        if isinstance(error, InterruptedByUserError):
            raise error
        return Ends(dict.fromkeys(hosts, error), culprit=hosts[0])

    monkeypatch.setattr(coordinator, "run_together", run_together)
    place: Any = SimpleNamespace(
        hosts=hosts, settings=SimpleNamespace(deploy=SimpleNamespace(hold_timeout=20.0))
    )
    parts: Any = [SimpleNamespace(host=host) for host in hosts]
    end = run_parts(place, parts, RecordingReporter())
    if len(hosts) == 1 or isinstance(error, InterruptedByUserError):
        assert end.result.status == "unknown"
    failure = end.failure
    assert failure is not None
    assert int(failure.exit_code) == int(error.exit_code)
    assert error.what in failure.what
    assert "serves" not in failure.why
    assert "nothing does" not in failure.why
    assert [one.result.status for one in end.hosts] == ["lost"] * len(hosts)
