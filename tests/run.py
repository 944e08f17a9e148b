"""`make test`: every tier with its time. A tier that fails does not stop the rest.

Three lanes run side by side, as much of their time is spent waiting for containers: one on the engine of this
machine, one on the lab's server 1, and one that needs neither, and then server 2.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tests.tiers import FOLDERS

ROOT = Path(__file__).parent.parent

# The unit tests of the host agent once more.
_HOSTS = "host agent, other Pythons"
_LANES = (("e2e",), ("integration",), ("unit", _HOSTS, "actions"))


@dataclass(frozen=True)
class Ended:
    """How a tier ended: 0 is well."""

    tier: str
    code: int
    seconds: float

    def __str__(self) -> str:
        return f"{'FAILED' if self.code else 'ok    '} {self.tier}  {self.seconds:.0f}s"


def main() -> int:
    """Run all tiers and say how each ended."""
    ended = [run("lab", ("-m", "fairlead", "lab", "up", "--hosts", "2"))]
    print("\n== each tier is shown when it has ended", flush=True)
    with ThreadPoolExecutor() as pool:
        for lane in pool.map(run_lane, _LANES):
            ended += lane
    print("\n" + "\n".join(str(one) for one in ended))
    return 1 if any(one.code for one in ended) else 0


def run_lane(tiers: Sequence[str]) -> list[Ended]:
    """Run tiers one after the other, and show what each printed when it has ended."""
    ended = []
    for tier in tiers:
        with tempfile.TemporaryFile("w+") as output:
            ended.append(run(tier, plan_tier(tier), output))
            output.seek(0)
            print(f"\n== {ended[-1]}\n{output.read()}", flush=True)
    return ended


def plan_tier(tier: str) -> tuple[str, ...]:
    """Python's words for the tests of a tier."""
    if tier == _HOSTS:
        return ("-m", "tests.hosts")
    return ("-m", "pytest", "-q", *(str(ROOT / "tests" / folder) for folder in FOLDERS[tier]))


def run(name: str, words: Sequence[str], output: IO[str] | None = None) -> Ended:
    """Run Python with these words, on the screen or into a file."""
    started = time.monotonic()
    code = subprocess.run(
        [sys.executable, *words],
        cwd=ROOT,
        stdout=output,
        stderr=subprocess.STDOUT if output else None,
        check=False,
    ).returncode
    return Ended(name, code, time.monotonic() - started)


if __name__ == "__main__":
    sys.exit(main())
