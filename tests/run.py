"""`make test`: every tier with its time. A tier that fails does not stop the rest.

The quick tiers come first. Then two lanes run side by side, as most of their time is spent waiting for containers:
the lab's server 1 serves the end-to-end tests; the engine of this machine, and then server 2, serve the others.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tests.hosts import run_host_tests
from tests.tiers import FOLDERS

ROOT = Path(__file__).parent.parent

# pytest says 5 when a folder holds no test.
_NO_TESTS = 5


@dataclass(frozen=True)
class Ended:
    """How a tier ended: 0 is well."""

    tier: str
    code: int
    seconds: float

    def __str__(self) -> str:
        return f"{'FAILED' if self.code else 'ok    '} {self.tier}  {self.seconds:.0f}s"


def run_tier(tier: str, output: IO[str] | None = None) -> Ended:
    """Run the tests of a tier, on the screen or into a file."""
    started = time.monotonic()
    code = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *(ROOT / "tests" / folder for folder in FOLDERS[tier])],
        cwd=ROOT,
        stdout=output,
        stderr=subprocess.STDOUT if output else None,
        check=False,
    ).returncode
    return Ended(tier, 0 if code == _NO_TESTS else code, time.monotonic() - started)


def run_lane(tiers: Sequence[str]) -> list[Ended]:
    """Run tiers one after the other, and show what each printed when it has ended."""
    ended = []
    for tier in tiers:
        with tempfile.TemporaryFile("w+") as output:
            ended.append(run_tier(tier, output))
            output.seek(0)
            print(f"\n== {ended[-1]}\n{output.read()}", flush=True)
    return ended


def main() -> int:
    """Run all tiers and say how each ended."""
    print("== unit", flush=True)
    ended = [run_tier("unit")]
    print("\n== host agent, other Pythons", flush=True)
    ended.append(_timed("host agent, other Pythons", run_host_tests))
    print("\n== the lab", flush=True)
    lab = [sys.executable, "-m", "fairlead", "lab", "up", "--hosts", "2"]
    ended.append(_timed("lab", lambda: subprocess.run(lab, cwd=ROOT, check=False).returncode))
    print("\n== integration, actions | e2e (each is shown when it has ended)", flush=True)
    with ThreadPoolExecutor() as pool:
        for lane in pool.map(run_lane, (("integration", "actions"), ("e2e",))):
            ended += lane
    print("\n" + "\n".join(str(one) for one in ended))
    return 1 if any(one.code for one in ended) else 0


def _timed(tier: str, work: Callable[[], int]) -> Ended:
    started = time.monotonic()
    return Ended(tier, work(), time.monotonic() - started)


if __name__ == "__main__":
    sys.exit(main())
