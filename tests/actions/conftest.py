"""The lab, its second server without any app, and a repository with workflows."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from lab.state import Lab, Server
from lab.wipe import wipe_server
from tests.actions.job import Project
from tests.lab import own_server, start_lab


@pytest.fixture(scope="session")
def lab() -> Lab:
    """The lab of this machine with the server of these tests, started if it is not up."""
    return start_lab(own_server(2))


@pytest.fixture(scope="module")
def server(lab: Lab) -> Iterator[Server]:
    """The lab's second server, with no app on it: the first one is the end-to-end tests'."""
    server = lab.servers[own_server(2)]
    wipe_server(server)
    yield server
    wipe_server(server)


@pytest.fixture(scope="module")
def project(lab: Lab, server: Server, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A repository whose environment is that server."""
    return Project(tmp_path_factory.mktemp("github"), lab, server)
