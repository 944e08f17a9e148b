"""What a deploy leaves in the work directory."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fairlead.errors import FairleadError
from fairlead.host.wire.result import ErrorReport, Result
from fairlead.remote.outcome import RolloutEnd, result_of
from fairlead.report.redact import forget, redact
from fairlead.rollout.finish import finish_rollout
from tests.recording import RecordingReporter


def test_a_registry_s_password_is_not_in_it(tmp_path: Path) -> None:
    """The server hides what it knows; this one is known to the command alone, which got it from the environment."""
    environment = SimpleNamespace(name="production", url="")
    place: Any = SimpleNamespace(
        settings=SimpleNamespace(root=tmp_path), host="h", app="board", environment=environment
    )
    error = ErrorReport("pull failed", "denied: ci:regist4y-password", details=("regist4y-password",))
    end = RolloutEnd(Result("failed", 4, error=error), ())
    lines: Any = SimpleNamespace(connections=1, agent_bytes=0)
    redact("regist4y-password")
    try:
        with pytest.raises(FairleadError) as failed:
            finish_rollout(place, end, RecordingReporter(), tmp_path / "work", lines)
    finally:
        forget()
    text = (tmp_path / "work" / "deploy.json").read_text()
    assert "regist4y" not in text
    assert json.loads(text)["error"]["why"] == "denied: ci:***"
    assert failed.value.document is not None, "whoever reads the outputs of a job has it, too"
    assert failed.value.document["status"] == "failed"


def test_what_a_server_has_told_in_half_a_character_is_written_down(tmp_path: Path) -> None:
    """The release is live: whatever stands in what is told of it, it is told."""
    environment = SimpleNamespace(name="production", url="")
    place: Any = SimpleNamespace(host="h", app="board", environment=environment)
    result = result_of(
        json.loads(r'{"status": "live", "exit": 0, "release": "\ud800", "data": {"\udfff": "\ud800"}}')
    )
    lines: Any = SimpleNamespace(connections=1, agent_bytes=0)
    finish_rollout(place, RolloutEnd(result, ()), RecordingReporter(), tmp_path, lines)
    written = json.loads((tmp_path / "deploy.json").read_text(encoding="utf-8"))
    assert (written["release"], written["data"]) == ("\ufffd", {"\ufffd": "\ufffd"})
