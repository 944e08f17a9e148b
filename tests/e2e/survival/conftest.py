"""What dies here is the lab's servers 3 to 5, or a lab of its own: other tests are at work on the first two."""

from __future__ import annotations

import subprocess
import sys

import pytest

from fairlead.lab.state import Lab, load

SERVERS = (3, 4, 5)


@pytest.fixture(scope="session")
def servers(lab: Lab) -> Lab:
    """The lab, with these servers."""
    up = [sys.executable, "-m", "fairlead", "lab", "up", "--hosts", str(max(SERVERS))]
    subprocess.run(up, check=True, timeout=1500)
    return load()
