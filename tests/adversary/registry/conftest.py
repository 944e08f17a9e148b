"""Who writes to the registry of a repository whose images are built and scanned."""

from __future__ import annotations

import pytest

from tests.adversary.registry.hand import Hand
from tests.integration.image.workshop import Workshop


@pytest.fixture
def hand(shop: Workshop) -> Hand:
    """Who may write to its registry."""
    return Hand(shop.lab, f"{shop.repository}/api")
