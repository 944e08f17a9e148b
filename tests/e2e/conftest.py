"""What the tests against the lab share: the lab itself, an empty server, and apps in repositories of their own."""

from __future__ import annotations

import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fairlead.lab.state import Lab, Server, load
from fairlead.lab.wipe import wipe_server
from tests.e2e.workbench import Workbench

APPS = Path(__file__).parent / "apps"


@pytest.fixture(scope="session")
def lab() -> Lab:
    """The lab of this machine, started if it is not up."""
    subprocess.run([sys.executable, "-m", "fairlead", "lab", "up"], check=True, timeout=1500)
    return load()


@pytest.fixture
def server(lab: Lab) -> Iterator[Server]:
    """The lab's first server, with no app on it (images stay: they are what makes tests slow)."""
    server = lab.servers[1]
    wipe_server(server)
    yield server
    wipe_server(server)


@pytest.fixture
def tiny(lab: Lab, server: Server, tmp_path: Path) -> Workbench:
    """A small app with a web service, a migration and a store, committed, its environment the empty server."""
    root = tmp_path / "tiny"
    shutil.copytree(APPS / "tiny", root)
    settings = root / "fairlead.yaml"
    settings.write_text(settings.read_text().replace("127.0.0.2", server.address))
    bench = Workbench(root, lab, server, secrets={"canary": "canary-4b1d-in-no-log"})
    # Tags belong to the commits of one history: this repository is new.
    bench.environ["FAIRLEAD_REGISTRY"] = f"{lab.registry}/tiny-{secrets.token_hex(3)}"
    bench.git("init", "--quiet", "--initial-branch", "main")
    bench.commit("first")
    return bench
