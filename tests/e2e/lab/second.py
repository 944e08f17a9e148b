"""A lab beside the one that the other tests use: its registry and its server may go down without a thought for others."""

from __future__ import annotations

import os
import subprocess
import time
import urllib.request
from pathlib import Path
from typing import Any

from fairlead.tools.locate import locate
from lab.server import ssh_argv
from lab.state import Lab
from tests.command import run_fairlead
from tests.ended import Ended
from tests.patience import PATIENCE

SECOND = {
    "FAIRLEAD_LAB_NAME": "fairlead-lab-test",
    "FAIRLEAD_LAB_ADDRESS": "127.0.0.150",
    "FAIRLEAD_LAB_REGISTRY_PORT": "5087",
}
ENVIRON = {**os.environ, **SECOND}
URL = f"http://{SECOND['FAIRLEAD_LAB_ADDRESS']}"


def fairlead_lab(*words: str) -> Ended:
    """Run ``fairlead --json lab`` for this lab."""
    return run_fairlead(("--json", "lab", *words), cwd=Path.cwd(), env=ENVIRON, timeout=900)


def ok(*words: str) -> dict[str, Any]:
    """Run it, which must end with 0; its document."""
    ended = fairlead_lab(*words)
    assert ended.code == 0, ended
    document: dict[str, Any] = ended.document
    return document


def load(*words: str) -> dict[str, Any]:
    """A second of load on the web server; an answer within two seconds, or none. One client without ``words``."""
    given = words or ("--clients", "1", "--rate", "20")
    ended = fairlead_lab("load", URL, "--for", "1s", "--timeout", "2s", *given)
    assert ended.code in {0, 4}, ended
    document: dict[str, Any] = ended.document
    return document


def docker(*words: str) -> str:
    """What ``docker`` prints on this machine."""
    return subprocess.run([locate("docker"), *words], check=True, text=True, capture_output=True).stdout


def leftovers() -> list[str]:
    """The containers, volumes and networks of this lab."""
    label = f"label=dev.fairlead.lab={SECOND['FAIRLEAD_LAB_NAME']}"
    return [
        *docker("ps", "--all", "--quiet", "--filter", label).split(),
        *docker("volume", "ls", "--quiet", "--filter", label).split(),
        *docker("network", "ls", "--quiet", "--filter", label).split(),
    ]


def wait_until_it_serves() -> None:
    """Wait until the web server answers."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            with urllib.request.urlopen(URL, timeout=2):
                return
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.1)


def lets_in(lab: Lab, within: float = 15.0) -> bool:
    """Whether the server opens a connection over ssh."""
    argv = ssh_argv(lab.servers[1], lab.identity, lab.known_hosts, ("true",))
    try:
        return subprocess.run(argv, check=False, timeout=within, capture_output=True).returncode == 0
    except subprocess.TimeoutExpired:
        return False
