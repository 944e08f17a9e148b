"""What the tests of images share: the lab's registry and database, and repositories with tiny images."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.state import Lab
from tests.integration.image.middle import Middle
from tests.integration.image.workshop import SMALL, Workshop
from tests.lab import start_lab


@pytest.fixture(scope="session")
def lab() -> Lab:
    """The lab of this machine, started if it is not up."""
    return start_lab()


@pytest.fixture(scope="session")
def trivy_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One vulnerability database for all tests; the first scan fetches it."""
    return tmp_path_factory.mktemp("trivy")


@pytest.fixture
def workshop(lab: Lab, trivy_cache: Path, tmp_path: Path) -> Workshop:
    """A committed repository with the images ``api`` and ``web``, clean ones."""
    return open_workshop(tmp_path / "clone", lab, trivy_cache)


@pytest.fixture(scope="session")
def ready(lab: Lab, trivy_cache: Path, tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    """One image for one platform, built and scanned; for copies of it."""
    shop = open_workshop(tmp_path_factory.mktemp("ready") / "clone", lab, trivy_cache)
    shop.settings("", of=SMALL)
    shop.commit("one image")
    shop.passed()
    return shop


@pytest.fixture
def scanned(ready: Workshop, tmp_path: Path) -> Workshop:
    """A repository of one small image after its build and its scan, where more would prove nothing more."""
    return ready.copy(tmp_path / "clone", new_repository(ready.lab))


@pytest.fixture
def unscanned(scanned: Workshop) -> Workshop:
    """The same before its scan."""
    (scanned.work / "scan.json").unlink()
    shutil.rmtree(scanned.work / "scan")
    return scanned


@pytest.fixture
def middle(lab: Lab) -> Iterator[Middle]:
    """A man in the middle before the lab's registry, who counts what is written and can cut the line."""
    host, _, port = lab.registry.rpartition(":")
    with Middle(host, int(port)) as between:
        yield between


def open_workshop(root: Path, lab: Lab, trivy_cache: Path) -> Workshop:
    """Furnish and commit a repository of two clean images."""
    root.mkdir()
    shop = Workshop(root, lab, new_repository(lab), {"TRIVY_CACHE_DIR": str(trivy_cache)})
    shop.furnish()
    shop.git("init", "--quiet", "--initial-branch", "main")
    shop.commit("first")
    return shop


def new_repository(lab: Lab) -> str:
    """A place of the lab's registry that nobody else uses."""
    return f"{lab.registry}/test-{uuid.uuid4().hex[:12]}"
