"""The lab of this machine, which all tiers share."""

from __future__ import annotations

import os
import subprocess
import sys

from lab.state import Lab, load


def start_lab(servers: int = 1) -> Lab:
    """The lab, started if it is not up, with so many servers at least: those that others use stay."""
    _up()
    lab = load()
    if len(lab.servers) < servers:
        _up("--hosts", str(servers))
        lab = load()
    return lab


def own_server(number: int) -> int:
    """The number of the server that a part of the tests has to itself; who runs two parts at once names others."""
    return int(os.environ.get("FAIRLEAD_TEST_SERVER") or number)


def _up(*words: str) -> None:
    subprocess.run([sys.executable, "-m", "fairlead", "lab", "up", *words], check=True, timeout=1500)
