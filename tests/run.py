"""`make test`: every part of the tests with its time. One that fails does not stop the rest.

Parts run side by side, as much of their time is spent waiting for containers. Each has servers of the lab to itself:
``e2e`` the first, ``actions`` the second, ``survival`` the next three, ``adversary`` the last;
``e2e/lab`` has a lab of its own.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from fairlead.tools.cache import cache_dir
from tests.records import forget_builds
from tests.tiers import FOLDERS

ROOT = Path(__file__).parent.parent

_SERVERS = 6
_AT_ONCE = 4
_PYTEST = ("-m", "pytest", "-q")
_HOST = sorted((ROOT / "tests" / "integration" / "host").glob("test_*.py"))
# They have the edge of this machine one after the other: side by side they would wait for each other.
_AT_THE_EDGE = [file for file in _HOST if re.search("(street|acme) import", file.read_text())]
_OTHERS = [file for file in _HOST if file not in _AT_THE_EDGE]


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
    if (cache_dir() / "demo").is_dir():
        print("the lab's servers are the tests' now: what `make demo` left on the first one goes", flush=True)
    forget_builds()
    ended = [run("lab", ("-m", "fairlead", "lab", "up", "--hosts", str(_SERVERS)))]
    print("\n== each part is shown when it has ended", flush=True)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        ended += pool.map(run_quietly, *zip(*plan_parts().items(), strict=True))
    print("\n" + "\n".join(str(one) for one in ended))
    return 1 if any(one.code for one in ended) else 0


def plan_parts() -> dict[str, Sequence[str]]:
    """The parts by name, with Python's words for them: the longest first, so that all hands are busy to the end."""
    return {
        "e2e": _plan_tests("e2e", without=("survival", "lab")),
        **{
            # By far the longest: in two halves.
            f"integration/host {number + 1}": (*_PYTEST, *map(str, _OTHERS[number::2]))
            for number in range(2)
        },
        "integration": _plan_tests(*FOLDERS["integration"], without=("image", "host")),
        "unit": _plan_tests(*FOLDERS["unit"]),
        "adversary": _plan_tests(*FOLDERS["adversary"]),
        "e2e/survival": _plan_tests("e2e/survival"),
        "integration/host at the edge": (*_PYTEST, *map(str, _AT_THE_EDGE)),
        # The unit tests of the host agent once more.
        "host agent, other Pythons": ("-m", "tests.hosts"),
        "integration/image": _plan_tests("integration/image"),
        "e2e/lab": _plan_tests("e2e/lab"),
        "actions": _plan_tests(*FOLDERS["actions"]),
    }


def _plan_tests(*folders: str, without: Sequence[str] = ()) -> Sequence[str]:
    tests = ROOT / "tests"
    left_out = (f"--ignore={tests / folders[0] / name}" for name in without)
    return (*_PYTEST, *(str(tests / folder) for folder in folders), *left_out)


def run_quietly(name: str, words: Sequence[str]) -> Ended:
    """Run a part, and show what it printed when it has ended."""
    with tempfile.TemporaryFile("w+") as output:
        ended = run(name, words, output)
        output.seek(0)
        print(f"\n== {ended}\n{output.read()}", flush=True)
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
