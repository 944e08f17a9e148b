"""What the tests of images share: the lab's registry and database, and repositories with tiny images."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from fairlead.lab.state import Lab
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
    root = tmp_path / "clone"
    root.mkdir()
    repository = f"{lab.registry}/test-{uuid.uuid4().hex[:12]}"
    shop = Workshop(root, lab, repository, {"TRIVY_CACHE_DIR": str(trivy_cache)})
    shop.furnish()
    shop.git("init", "--quiet", "--initial-branch", "main")
    shop.commit("first")
    return shop


@pytest.fixture
def small(workshop: Workshop) -> Workshop:
    """The same with one image for one platform, where more would prove nothing more."""
    workshop.settings("", of=SMALL)
    workshop.commit("one image")
    return workshop


@pytest.fixture
def middle(lab: Lab) -> Iterator[Middle]:
    """A man in the middle before the lab's registry, who counts what is written and can cut the line."""
    host, _, port = lab.registry.rpartition(":")
    with Middle(host, int(port)) as between:
        yield between
