"""`make check`: everything that can be told without running the product. All of it runs; all faults are shown."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from fairlead.errors import ToolMissingError
from fairlead.starter.callers import Caller, plan_callers
from fairlead.starter.uses import Uses
from fairlead.tools.catalog import CATALOG
from fairlead.tools.fetch import fetch_tool
from fairlead.tools.locate import locate

ROOT = Path(__file__).parent.parent

# What ships: the tests' own Dockerfiles are other people's, or bad on purpose. Its checks come with the program.
_TRIVY_CONFIG = (
    *("config", "--exit-code", "1", "--quiet", "--skip-check-update", "--skip-version-check"),
    *("--disable-telemetry", "--skip-dirs", "tests", "."),
)
_ZIZMOR = ("zizmor", "--offline", "--strict-collection", "--persona", "auditor", "--no-progress")


class Check(NamedTuple):
    """A check: its name, and the command that fails if something is wrong."""

    name: str
    argv: tuple[str, ...]


class Outcome(NamedTuple):
    """How a check ended."""

    check: Check
    ok: bool
    seconds: float
    output: str


def plan_checks(written: Path) -> list[Check]:
    """The checks of this checkout, the slowest first. ``written``: a folder for what it writes into others."""
    folders = [name for name in ("ci", "app", "tests", "bench", "chaos") if (ROOT / name).is_dir()]
    checks = [
        Check("mypy", ("mypy", *folders)),
        Check("ruff check", ("ruff", "check", *folders)),
        Check("ruff format", ("ruff", "format", "--check", *folders)),
        Check("import direction", ("lint-imports",)),
        Check("dead code", ("vulture",)),
        Check("locks", (sys.executable, "-m", "tests.locks")),
        Check("command reference", (sys.executable, "-m", "fairlead.cli.help.reference", "--check")),
        Check("configuration reference", (sys.executable, "-m", "fairlead.schemas.reference", "--check")),
        Check("rule pages", (sys.executable, "-m", "tests.rules", "--check")),
        Check("maps of ARCHITECTURE.md", (sys.executable, "-m", "tests.architecture", "--check")),
        Check("reference of actions", (sys.executable, "-m", "tests.github_reference", "--check")),
        Check("trivy config", (_tool("trivy"), *_TRIVY_CONFIG)),
        Check("table of attacks", (sys.executable, "-m", "tests.adversary.table")),
    ]
    if (ROOT / ".github").is_dir():
        write_callers(written)
        workflows = sorted(map(str, ROOT.glob(".github/workflows/*.y*ml")))
        callers = sorted(map(str, written.glob(".github/workflows/*.yml")))
        checks += [
            Check("actionlint", (_tool("actionlint"), "-no-color", *workflows, *callers)),
            Check("zizmor", (*_ZIZMOR, ".github")),
            Check("zizmor, workflows of init", (*_ZIZMOR, str(written / ".github"))),
        ]
    return checks


def write_callers(folder: Path) -> None:
    """The workflows that ``fairlead init --github`` writes, for an app at the top and one in a folder."""
    for directory in ("", "apps/my shop"):
        caller = Caller(Uses("acme/fairlead", "0" * 40), "production", directory)
        for path, text in plan_callers(caller).items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text)


def run_check(check: Check) -> Outcome:
    """Run one and collect what it says."""
    started = time.monotonic()
    try:
        done = subprocess.run(
            check.argv,
            cwd=ROOT,
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
    except OSError as error:
        return Outcome(check, ok=False, seconds=0, output=str(error))
    return Outcome(check, done.returncode == 0, time.monotonic() - started, done.stdout)


def main() -> int:
    """Run all checks, as many at once as there are processors."""
    status = 0
    with tempfile.TemporaryDirectory() as written, ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        for outcome in pool.map(run_check, plan_checks(Path(written))):
            print(
                f"{'ok    ' if outcome.ok else 'FAILED'} {outcome.check.name}  {outcome.seconds:.1f}s",
                flush=True,
            )
            if not outcome.ok:
                print(outcome.output, flush=True)
                status = 1
    return status


def _tool(name: str) -> str:
    """The path of a tool, which is fetched on a machine that lacks it."""
    try:
        return str(locate(name))
    except ToolMissingError:
        return str(fetch_tool(CATALOG[name], print).path)


if __name__ == "__main__":
    sys.exit(main())
