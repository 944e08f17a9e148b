"""``fairlead --help`` beside the import of click alone."""

from __future__ import annotations

import sys

from bench.measure import Row, in_turn
from fairlead.passed import PYTHON
from fairlead.process import run

_GOAL = 1.5
_RUNS = 15


def measure() -> list[Row]:
    """One row."""
    ours, floor, ratio = in_turn(
        lambda: run([sys.executable, "-m", "fairlead", "--help"], also=PYTHON),
        lambda: run([sys.executable, "-c", "import click"]),
        runs=_RUNS,
    )
    return [
        Row(
            "fairlead --help",
            f"{ours * 1000:.0f} ms",
            f"{floor * 1000:.0f} ms (python -c 'import click')",
            f"{ratio:.2f}x",
            f"<= {_GOAL}x",
            ratio <= _GOAL,
        )
    ]
