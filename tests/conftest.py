"""What holds for every test: its tier, and that a unit test stays inside its process."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.isolation import forbid_processes_and_network
from tests.tiers import FOLDERS, is_every_test

TIER_OF = {folder: tier for tier, folders in FOLDERS.items() for folder in folders}

# A shell that runs them in the background ignores it, and so would whatever a test starts and interrupts.
signal.signal(signal.SIGINT, signal.default_int_handler)

# The job that runs the tests, and the output it asked for, are not what a test is about.
_OF_THE_JOB = ("GITHUB_", "FAIRLEAD_PLAIN", "FAIRLEAD_JSON")
for _name in [name for name in os.environ if name.startswith(_OF_THE_JOB) or name == "CI"]:
    del os.environ[_name]

# The tests of the host agent also run where there is nothing but pytest (`tests/hosts.py`).
if find_spec("hypothesis"):
    from tests.examples import load_profile

    load_profile(os.environ)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark every test with the tier in whose folder it lies, and leave those for `make test-all` out.

    Who names a test, or a mark, gets what was asked for.
    """
    here = Path(__file__).parent
    for item in items:
        folder = item.path.relative_to(here).parts[0] if item.path.is_relative_to(here) else ""
        if folder in TIER_OF:
            item.add_marker(TIER_OF[folder])
    if is_every_test(os.environ) or config.option.markexpr or any("::" in word for word in config.args):
        return
    left_out = [item for item in items if item.get_closest_marker("long")]
    items[:] = [item for item in items if not item.get_closest_marker("long")]
    config.hook.pytest_deselected(items=left_out)


@pytest.fixture
def _same_folder() -> Iterator[None]:
    """A test that leaves the process in another folder fails itself, not one that comes after it."""
    before = Path.cwd()
    yield
    after = Path.cwd()
    os.chdir(before)
    assert after == before, "the test has left the process in another folder: `monkeypatch.chdir` goes back"


@pytest.fixture(autouse=True)
def _keep_to_itself(request: pytest.FixtureRequest) -> Iterator[None]:
    """What a unit test has called secret, and whose log is to hear of that, is nothing to the next one."""
    yield
    redact = sys.modules.get("fairlead.report.redact")
    if redact is not None and request.node.get_closest_marker("unit"):
        redact.forget()


@pytest.fixture(autouse=True)
def _stay_inside(_same_folder: None, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a unit test, starting a process or opening a network connection is a failure."""
    if request.node.get_closest_marker("unit"):
        forbid_processes_and_network(monkeypatch)
