"""What dies here is the lab's servers 3 to 5, or a lab of its own: other tests are at work on the first two."""

from __future__ import annotations

import pytest

from lab.state import Lab
from tests.lab import start_lab

SERVERS = (3, 4, 5)


@pytest.fixture(scope="session")
def servers() -> Lab:
    """The lab, with these servers."""
    return start_lab(max(SERVERS))
