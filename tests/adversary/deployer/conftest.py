"""A server with a user who is let in by restricted keys only."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.state import Lab, Server
from tests.adversary.deployer.guarded import Guarded, guarded_user


@pytest.fixture
def guarded(lab: Lab, server: Server, tmp_path: Path) -> Iterator[Guarded]:
    """The user; no key is let in yet."""
    with guarded_user(lab, server, tmp_path) as made:
        yield made
