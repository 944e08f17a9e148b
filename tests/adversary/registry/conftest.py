"""A repository whose images are built and scanned, for somebody who writes to its registry."""

from __future__ import annotations

from pathlib import Path

import pytest

from fairlead.lab.state import Lab
from tests.adversary.registry.hand import Hand
from tests.integration.image.conftest import new_repository, open_workshop
from tests.integration.image.workshop import SMALL, Workshop


@pytest.fixture(scope="session")
def ready(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> Workshop:
    """One image for one platform, built and scanned."""
    root = tmp_path_factory.mktemp("registry")
    shop = open_workshop(root / "clone", lab, root / "trivy")
    shop.settings("", of=SMALL)
    shop.commit("one image")
    shop.passed()
    return shop


@pytest.fixture
def shop(ready: Workshop, tmp_path: Path) -> Workshop:
    """A copy of it that publishes into a place of its own."""
    return ready.copy(tmp_path / "clone", new_repository(ready.lab))


@pytest.fixture
def hand(shop: Workshop) -> Hand:
    """Who may write to its registry."""
    return Hand(shop.lab, f"{shop.repository}/api")
