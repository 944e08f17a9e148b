"""What attacks share: a server of the lab that no other part of the tests uses."""

from __future__ import annotations

import pytest

from fairlead.lab.state import Lab, Server
from fairlead.lab.wipe import wipe_server
from tests.lab import own_server, start_lab

_SERVER = 6


@pytest.fixture(scope="session")
def lab() -> Lab:
    """The lab of this machine, started if it is not up."""
    return start_lab(_SERVER)


@pytest.fixture
def server(lab: Lab) -> Server:
    """A server with no app on it."""
    found = lab.servers[own_server(_SERVER)]
    wipe_server(found)
    return found
