"""`make test`: every part of the tests with its time. One that fails does not stop the rest.

Parts run side by side, as much of their time is spent waiting for containers. Each has servers of the lab to itself,
and ``e2e/lab`` a lab of its own.
"""

from __future__ import annotations

import os
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

_SERVERS = 8
_AT_ONCE = 5
_PYTEST = ("-m", "pytest", "-q")
_HOST = sorted((ROOT / "tests" / "integration" / "host").glob("test_*.py"))
# They have the edge of this machine one after the other: side by side they would wait for each other.
_AT_THE_EDGE = [file for file in _HOST if re.search("(street|acme) import", file.read_text())]
_OTHERS = [file for file in _HOST if file not in _AT_THE_EDGE]
_ACTIONS = sorted((ROOT / "tests" / "actions").glob("test_*.py"))


@dataclass(frozen=True)
class Part:
    """Some of the tests, with Python's words for them."""

    name: str
    words: Sequence[str]
    server: int | None = None
    """The server of the lab that they have in place of the one that they name themselves."""


@dataclass(frozen=True)
class Ended:
    """How a part of the tests ended: 0 is well."""

    part: str
    code: int
    seconds: float
    processor: float
    """Seconds of a processor, without what the engine did for it."""

    def __str__(self) -> str:
        ended = "FAILED" if self.code else "ok    "
        return f"{ended} {self.part}  {self.seconds:.0f}s, {self.processor:.0f}s of a processor"


def main() -> int:
    """Run everything and say how each part ended."""
    if (cache_dir() / "demo").is_dir():
        print("the lab's servers are the tests' now: what `make demo` left on the first one goes", flush=True)
    forget_builds()
    lab = Part("lab", ("-m", "fairlead", "lab", "up", "--hosts", str(_SERVERS)))
    ended = [run(lab)]
    before = read_processors()
    print("\n== each part is shown when it has ended", flush=True)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        ended += pool.map(run_quietly, plan_parts())
    print("\n" + "\n".join(str(one) for one in ended))
    busy, idle = (after - then for after, then in zip(read_processors(), before, strict=True))
    if busy + idle:
        print(f"the processors of this machine were busy {busy / (busy + idle):.0%} of the time")
    return 1 if any(one.code for one in ended) else 0


def plan_parts() -> Sequence[Part]:
    """The longest first, so that all hands are busy to the end."""
    return (
        Part("e2e", _plan_tests("e2e", without=("survival", "lab", "shapes", "foreign", *_APART))),
        *(
            # By far the longest: in two halves.
            Part(f"integration/host {number + 1}", (*_PYTEST, *map(str, _OTHERS[number::2])))
            for number in range(2)
        ),
        Part("e2e/survival", _plan_tests("e2e/survival")),
        Part(
            "e2e, other apps",
            _plan_tests("e2e/shapes", "e2e/foreign", *(f"e2e/{name}" for name in _APART)),
            7,
        ),
        Part("integration", _plan_tests(*FOLDERS["integration"], without=("image", "host"))),
        Part("unit", _plan_tests(*FOLDERS["unit"])),
        Part("adversary", _plan_tests(*FOLDERS["adversary"]), 6),
        *(
            Part(f"actions {number + 1}", (*_PYTEST, *map(str, _ACTIONS[number::2])), server)
            for number, server in enumerate((2, 8))
        ),
        Part("integration/host at the edge", (*_PYTEST, *map(str, _AT_THE_EDGE))),
        # The unit tests of the host agent once more.
        Part("host agent, oldest Python", ("-m", "tests.hosts")),
        Part("integration/image", _plan_tests("integration/image")),
        Part("e2e/lab", _plan_tests("e2e/lab")),
    )


_APART = ("test_edge.py", "test_environments.py", "test_foreign.py")
"""Of the end-to-end tests those that use none of the images of the others."""


def _plan_tests(*folders: str, without: Sequence[str] = ()) -> Sequence[str]:
    tests = ROOT / "tests"
    left_out = (f"--ignore={tests / folders[0] / name}" for name in without)
    return (*_PYTEST, *(str(tests / folder) for folder in folders), *left_out)


def run_quietly(part: Part) -> Ended:
    """Run a part, and show what it printed when it has ended."""
    with tempfile.TemporaryFile("w+") as output:
        ended = run(part, output)
        output.seek(0)
        print(f"\n== {ended}\n{output.read()}", flush=True)
    return ended


def run(part: Part, output: IO[str] | None = None) -> Ended:
    """Run Python with the words of this part, on the screen or into a file."""
    started = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, *part.words],
        cwd=ROOT,
        env={**os.environ, **({"FAIRLEAD_TEST_SERVER": str(part.server)} if part.server else {})},
        stdout=output,
        stderr=subprocess.STDOUT if output else None,
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return Ended(part.name, process.returncode, time.monotonic() - started, usage.ru_utime + usage.ru_stime)


def read_processors() -> tuple[int, int]:
    """How long the processors of this machine were busy, and how long idle, since it began: both 0 where none tells.

    In hundredths of a second, of ``/proc/stat`` (proc(5)).
    """
    try:
        times = [int(word) for word in Path("/proc/stat").read_text().splitlines()[0].split()[1:]]
    except OSError:
        return 0, 0
    idle = sum(times[3:5])
    return sum(times[:8]) - idle, idle


if __name__ == "__main__":
    sys.exit(main())
