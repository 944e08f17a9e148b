"""A second lab for the tests of the lab itself, and a web server on it."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from lab.fault.record import faults_folder, list_records
from lab.state import Lab, load, place_from
from tests.e2e.lab.second import ENVIRON, SECOND, leftovers, ok, wait_until_it_serves
from tests.e2e.workbench import on_server


@pytest.fixture(scope="session")
def second() -> Iterator[Lab]:
    """A lab whose first start was cut off in the middle, and which leaves nothing behind."""
    ok("down")
    argv = [sys.executable, "-m", "fairlead", "lab", "up"]
    with subprocess.Popen(argv, env=ENVIRON, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as first:
        time.sleep(2.0)
        first.send_signal(signal.SIGKILL)
    ok("up")
    place = place_from(SECOND)
    yield load(place)
    ok("down")
    assert leftovers() == []
    assert not place.folder.exists()


@pytest.fixture
def lab(second: Lab) -> Iterator[Lab]:
    """The second lab in place of the first, with a web server in a container that comes back when the engine does."""
    server = second.servers[1]
    if "web" not in on_server(server, "docker", "ps", "--format", "{{.Names}}"):
        on_server(server, "docker", "rm", "--force", "web", check=False)
        words = "docker run --detach --restart unless-stopped --name web --publish 80:8000 python:3.13-slim"
        on_server(server, *words.split(), "python3", "-m", "http.server", "8000")
    wait_until_it_serves()
    yield second
    assert list_records(faults_folder(second)) == [], "no fault outlives its test"
    assert "fairlead-fault" not in on_server(server, "iptables-save")
