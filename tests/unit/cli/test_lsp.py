"""``fairlead lsp`` where its extra is not installed."""

from __future__ import annotations

import sys

import pytest

from fairlead.boundary import main


def test_a_missing_extra_is_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """What lacks, and how to get it; no traceback."""
    monkeypatch.setitem(sys.modules, "pygls", None)
    assert main(["lsp"]) == 3
    told = capsys.readouterr().err
    assert "pygls" in told
    assert "fairlead[lsp]" in told
