"""What Fairlead itself costs from a push to the release that serves: a job's steps in their order, as the actions run them.

Counted is the processor's time of each process ``fairlead`` and of the ``bootstrap`` that starts it: what it calls (docker,
Trivy, ssh, git) is left out, and so is whatever it waits for.
"""

from __future__ import annotations

import sys
import sysconfig
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench.board import touch, watch_nothing
from bench.measure import Row, seconds
from demo.repository import ENVIRONMENT
from demo.story import CHECKOUT, Stage, set_the_stage
from fairlead.passed import ENGINE, PYTHON
from fairlead.process import run

_GOAL = 5.0
_STEPS = {
    "setup": ("setup", "--for", "build"),
    "validate": ("validate", "--format", "github"),
    "check": ("check", "--environment", ENVIRONMENT),
    "build": ("build",),
    "scan": ("scan",),
    "publish": ("publish",),
    "deploy": ("deploy", "--environment", ENVIRONMENT),
}
# In the place of the launcher beside the virtualenv's Python, which does the same and counts nothing. What bootstrap
# has called has ended by then; its own time is that of this process, which has taken its place.
_COUNTED = """\
import atexit, os, resource, sys
called = resource.getrusage(resource.RUSAGE_CHILDREN)
leave = os._exit
def tell():
    own = resource.getrusage(resource.RUSAGE_SELF)
    with open({told!r}, "w") as file:
        file.write(str(sum(one.ru_utime + one.ru_stime for one in (called, own))))
def left(code):
    tell()
    leave(code)
atexit.register(tell)
os._exit = left
sys.path.append({packages!r})
from fairlead.__main__ import run
run()
"""


def measure() -> list[Row]:
    """One row."""
    stage = set_the_stage()
    watch_nothing(stage.repository)
    return measure_job(stage)


def measure_job(stage: Stage) -> list[Row]:
    """One row, of the second push: the first makes what every later one finds there."""
    with tempfile.TemporaryDirectory() as folder:
        touch(stage.repository, "job first")
        _steps(stage, Path(folder))
        touch(stage.repository, "job second")
        spent: dict[str, float] = {}
        wall = seconds(lambda: spent.update(_steps(stage, Path(folder))))
    ours = sum(spent.values())
    return [
        Row(
            "a push to live, Fairlead's own time",
            f"{ours:.1f} s of the processor",
            f"{wall:.1f} s in all",
            ", ".join(f"{name} {taken:.2f}" for name, taken in spent.items()),
            f"<= {_GOAL:g} s",
            ours <= _GOAL,
        )
    ]


def _steps(stage: Stage, folder: Path) -> dict[str, float]:
    """By step, the seconds of the processor."""
    return {name: _spent(stage, folder, words) for name, words in _STEPS.items()}


def _spent(stage: Stage, folder: Path, words: Sequence[str]) -> float:
    told = folder / "told"
    script = _COUNTED.format(told=str(told), packages=sysconfig.get_path("purelib"))
    # As the launcher: what stands in editors and hooks does without `site`.
    bare = ("-S",) if words[0] == "validate" else ()
    job = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_WORKSPACE": str(stage.repository.root),
        "GITHUB_STEP_SUMMARY": str(folder / "summary"),
        "GITHUB_OUTPUT": str(folder / "output"),
        "RUNNER_TEMP": str(folder),
        "FAIRLEAD_DIRECTORY": ".",
    }
    run(
        [
            CHECKOUT / "bootstrap",
            "--for",
            "use",
            Path(sys.executable).name,
            *bare,
            "-P",
            "-c",
            script,
            *words,
        ],
        cwd=stage.repository.root,
        env={**stage.environ, **job},
        also=(*PYTHON, *ENGINE),
    )
    return float(told.read_text())
