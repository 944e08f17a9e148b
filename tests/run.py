"""`make test`: every tier, one after the other, with its time. A tier that fails does not stop the rest."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests.hosts import run_host_tests

ROOT = Path(__file__).parent.parent

# pytest says 5 when a folder holds no test.
_NO_TESTS = 5


def run_tier(tier: str, *options: str) -> int:
    """Run the tests of a tier."""
    folder = ROOT / "tests" / tier
    if not folder.is_dir():
        return 0
    code = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", *options, folder], cwd=ROOT, check=False
    ).returncode
    return 0 if code == _NO_TESTS else code


def main() -> int:
    """Run all tiers and say how each ended."""
    tiers: tuple[tuple[str, Callable[[], int]], ...] = (
        ("unit", lambda: run_tier("unit")),
        ("host agent, other Pythons", run_host_tests),
        ("integration", lambda: run_tier("integration")),
        ("e2e", lambda: run_tier("e2e")),
        ("actions", lambda: run_tier("actions")),
    )
    lines = []
    failed = False
    for name, run in tiers:
        print(f"\n== {name}", flush=True)
        started = time.monotonic()
        code = run()
        failed |= code != 0
        lines.append(f"{'ok    ' if code == 0 else 'FAILED'} {name}  {time.monotonic() - started:.0f}s")
    print("\n" + "\n".join(lines))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
