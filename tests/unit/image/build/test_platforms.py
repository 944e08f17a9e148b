"""For what images are built where fairlead.yaml does not say."""

from __future__ import annotations

import pytest

from fairlead.host.wire.status import StateAnswer
from fairlead.image.build import platforms
from fairlead.release import pins
from tests.unit.image.builders import PLATFORMS, settings


@pytest.fixture(autouse=True)
def _machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (platforms, pins):
        monkeypatch.setattr(module, "own_platform", lambda: "linux/riscv64")


def test_it_is_what_the_machine_is_that_builds() -> None:
    assert platforms.settle_platforms(settings(platforms=())).platforms == ("linux/riscv64",)
    assert platforms.settle_platforms(settings()).platforms == PLATFORMS


def test_servers_are_asked_for_that_platform_before_it_is_built() -> None:
    """One of another kind refuses it then, and not when it has been built."""
    [pin] = pins.foresee_own(settings(platforms=()), ["api"], StateAnswer()).values()
    assert list(pin.platforms) == ["linux/riscv64"]
    [pin] = pins.foresee_own(settings(), ["api"], StateAnswer()).values()
    assert list(pin.platforms) == list(PLATFORMS)
