"""What attacks share: a server of the lab that no other part of the tests uses, apps on the engine, built repositories."""

from __future__ import annotations

import pytest

from lab.state import Lab, Server
from lab.wipe import wipe_server
from tests.integration.host.conftest import image, kept, stage
from tests.integration.image.conftest import ready, trivy_cache
from tests.integration.image.conftest import scanned as shop
from tests.lab import own_server, start_lab

__all__ = ["image", "kept", "ready", "shop", "stage", "trivy_cache"]
"""Fixtures of the tests of the transaction and of those of images: here, so that all attacks have them once."""

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
