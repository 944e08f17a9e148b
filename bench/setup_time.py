"""``fairlead setup`` in a job: on a machine that has nothing, and on one that has it all."""

from __future__ import annotations

import resource
import sys
import tempfile
from pathlib import Path

from bench.measure import Row
from fairlead.passed import ENGINE, PYTHON
from fairlead.process import run

_BOOTSTRAP = Path(__file__).parent.parent / "bootstrap"
_GOALS = {"cold": 20.0, "warm": 3.0}


def measure() -> list[Row]:
    """Two rows, in seconds of the processor: what a network takes to download is not ours."""
    with tempfile.TemporaryDirectory() as folder:
        venv = _spent((sys.executable, "-m", "venv", f"{folder}/floor"), {})
        cold = _spent(_setup("deploy"), {"FAIRLEAD_CACHE": f"{folder}/cache"})
    run(_setup("build"), also=(*PYTHON, *ENGINE))
    warm = _spent(_setup("build"), {})
    start = _spent((sys.executable, "-c", "import click"), {})
    return [
        _row("setup --for deploy, nothing there", cold, venv, "python -m venv", _GOALS["cold"]),
        _row("setup --for build, warm", warm, start, "python -c 'import click'", _GOALS["warm"]),
    ]


def _setup(verb: str) -> tuple[str, ...]:
    return (str(_BOOTSTRAP), "--for", "use", "fairlead", "setup", "--for", verb)


def _spent(argv: tuple[str, ...], env: dict[str, str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run(argv, env=env, also=(*PYTHON, *ENGINE))
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _row(what: str, ours: float, floor: float, name: str, goal: float) -> Row:
    return Row(
        what,
        f"{ours:.1f} s of the processor",
        f"{floor:.1f} s ({name})",
        f"{ours / floor:.1f}x",
        f"<= {goal:g} s",
        ours <= goal,
    )
