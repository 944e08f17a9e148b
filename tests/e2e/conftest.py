"""What the tests against the lab share: the lab itself, an empty server, and apps in repositories of their own."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from lab.state import Lab, Server
from lab.wipe import wipe_server
from tests.e2e.workbench import Workbench
from tests.lab import own_server, start_lab

APPS = Path(__file__).parent / "apps"


@pytest.fixture(scope="session")
def lab() -> Lab:
    """The lab of this machine, started if it is not up."""
    return start_lab(own_server(1))


@dataclass
class Ground:
    """The lab's first server, and whether the tiny app serves on it as a test may have left it."""

    server: Server
    serves: bool = False

    def clear(self) -> None:
        """Take every app off it (images stay: they are what makes tests slow)."""
        self.serves = False
        wipe_server(self.server)


@pytest.fixture(scope="session")
def ground(lab: Lab) -> Iterator[Ground]:
    """The lab's first server, which is left without an app."""
    made = Ground(lab.servers[own_server(1)])
    yield made
    made.clear()


@pytest.fixture
def server(ground: Ground) -> Server:
    """The lab's first server, with no app on it."""
    ground.clear()
    return ground.server


@pytest.fixture(scope="session")
def published(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Workbench:
    """The tiny app, its one commit built, scanned and published once for all tests: they take copies."""
    root = tmp_path_factory.mktemp("published") / "tiny"
    shutil.copytree(APPS / "tiny", root)
    bench = Workbench(root, lab, lab.servers[own_server(1)], secrets={"canary": "canary-4b1d-in-no-log"})
    bench.edit("fairlead.yaml", "deploy@127.0.0.2", f"deploy@{bench.server.address}")
    bench.edit("fairlead.yaml", "url: http://127.0.0.2", f"url: http://{bench.server.address}")
    # Tags belong to the commits of one history: this repository is new.
    bench.environ["FAIRLEAD_REGISTRY"] = f"{lab.registry}/tiny-{secrets.token_hex(3)}"
    bench.git("init", "--quiet", "--initial-branch", "main")
    bench.commit("first")
    for verb in ("build", "scan", "publish"):
        bench.ok(verb)
    return bench


@pytest.fixture
def tiny(published: Workbench, server: Server, tmp_path: Path) -> Workbench:
    """A small app with a web service, a migration and a store, published, its environment the empty server."""
    return copy_of(published, tmp_path)


@pytest.fixture
def bench(published: Workbench, tmp_path: Path) -> Workbench:
    """The same for what gets no app onto the server, which is as the test before left it."""
    return copy_of(published, tmp_path)


@pytest.fixture
def live(ground: Ground, published: Workbench, tmp_path: Path) -> Workbench:
    """The tiny app with some release of it serving: the plain one, or one of a test before."""
    made = copy_of(published, tmp_path)
    if not ground.serves:
        ground.clear()
        made.ok("deploy")
        ground.serves = True
    return made


def copy_of(published: Workbench, folder: Path) -> Workbench:
    """The repository with its work products, but for the images, which are in the registry."""
    root = folder / published.root.name
    shutil.copytree(published.root, root, ignore=shutil.ignore_patterns("images"))
    return replace(published, root=root, environ=dict(published.environ))
