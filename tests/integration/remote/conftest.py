"""A server of its own for each test."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.remote.server import Server, slow_agent


@pytest.fixture
def server(tmp_path: Path) -> Server:
    """A root that nobody has used."""
    return Server(tmp_path, slow_agent())
