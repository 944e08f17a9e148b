"""`make test`: every part of the tests with its time. One that fails does not stop the rest.

Lanes run side by side, as much of their time is spent waiting for containers. Each has servers of the lab to itself:
``e2e`` the first, ``actions`` the second, ``survival`` the others.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tests.tiers import FOLDERS

ROOT = Path(__file__).parent.parent

_SERVERS = 5
_PYTEST = ("-m", "pytest", "-q")
_SURVIVAL = "e2e/survival"
_TRANSACTION = "integration/host"


@dataclass(frozen=True)
class Ended:
    """How a part of the tests ended: 0 is well."""

    part: str
    code: int
    seconds: float

    def __str__(self) -> str:
        return f"{'FAILED' if self.code else 'ok    '} {self.part}  {self.seconds:.0f}s"


def main() -> int:
    """Run everything and say how each part ended."""
    ended = [run("lab", ("-m", "fairlead", "lab", "up", "--hosts", str(_SERVERS)))]
    print("\n== each part is shown when it has ended", flush=True)
    lanes = plan_lanes()
    with ThreadPoolExecutor(len(lanes)) as pool:
        for lane in pool.map(run_lane, lanes):
            ended += lane
    print("\n" + "\n".join(str(one) for one in ended))
    return 1 if any(one.code for one in ended) else 0


def plan_lanes() -> list[dict[str, Sequence[str]]]:
    """What runs side by side: in each lane parts by name, with Python's words for them, one after the other."""
    return [
        {
            "integration": _plan_tests(*FOLDERS["integration"], without=_TRANSACTION),
            "actions": _plan_tests(*FOLDERS["actions"]),
        },
        {"e2e": _plan_tests(*FOLDERS["e2e"], without=_SURVIVAL)},
        {
            _TRANSACTION: _plan_tests(_TRANSACTION),
            # The unit tests of the host agent once more.
            "host agent, other Pythons": ("-m", "tests.hosts"),
        },
        {_SURVIVAL: _plan_tests(_SURVIVAL), "unit": _plan_tests(*FOLDERS["unit"])},
    ]


def _plan_tests(*folders: str, without: str = "") -> Sequence[str]:
    left_out = [f"--ignore={ROOT / 'tests' / without}"] if without else []
    return (*_PYTEST, *(str(ROOT / "tests" / folder) for folder in folders), *left_out)


def run_lane(parts: Mapping[str, Sequence[str]]) -> list[Ended]:
    """Run the parts of a lane one after the other, and show what each printed when it has ended."""
    ended = []
    for name, words in parts.items():
        with tempfile.TemporaryFile("w+") as output:
            ended.append(run(name, words, output))
            output.seek(0)
            print(f"\n== {ended[-1]}\n{output.read()}", flush=True)
    return ended


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
