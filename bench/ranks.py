"""What public compose files are told first: how many errors, and whether a screen holds all that gives the host away.

``bench/sample.json`` names the repositories and their commits; their files are in no clone of this one. Clone them into
the folder that ``FAIRLEAD_SAMPLE`` names, or set it to any folder of compose files; without it there is nothing to measure.
"""

from __future__ import annotations

import json
import os
import statistics
from collections.abc import Iterator
from pathlib import Path

from bench.measure import Row
from fairlead.findings import Finding
from fairlead.judge.policy import make_policy
from fairlead.judge.policy.rule import rank_of
from fairlead.judge.run import judge
from fairlead.judge.scopes import file_scopes
from fairlead.judge.verdict import Request, Verdict
from fairlead.verdict.text import render_text

SAMPLE = Path(__file__).with_name("sample.json")
ELSEWHERE = "FAIRLEAD_SAMPLE"
SCREEN = 24
"""Lines of a terminal that nobody has made larger."""
MOST_ERRORS = 2
SHARE = 0.95


def measure() -> list[Row]:
    """Judge each file as it is for whoever has just cloned it, with no settings and no docker-compose."""
    folder = os.environ.get(ELSEWHERE)
    if not folder:
        names = ", ".join(one["repository"] for one in json.loads(SAMPLE.read_text())["repositories"])
        what = f"skipped: clone {names} into a folder, and name it in {ELSEWHERE}"
        return [Row("what public compose files are told", "-", what, "-", "-", held=True)]
    verdicts = [verdict for file in sample_files(Path(folder)) if (verdict := verdict_on(file)) is not None]
    errors = statistics.median(verdict.count("error") for verdict in verdicts)
    grave = [verdict for verdict in verdicts if any(rank_of(one) <= 2 for one in verdict.findings)]
    seen = sum(is_on_first_screen(verdict) for verdict in grave) / max(len(grave), 1)
    most = max((len(verdict.findings) for verdict in verdicts), default=0)
    shown = (
        f"{len(verdicts)} files, {sum(verdict.passed for verdict in verdicts)} hold, at most {most} findings"
    )
    return [
        Row("errors in a public file, median", f"{errors:g}", shown, "-", f"<= {MOST_ERRORS}", errors <= MOST_ERRORS),
        Row(
            "all of the first two ranks on the first screen",
            f"{seen:.0%}",
            f"{len(grave)} files with one",
            "-",
            f">= {SHARE:.0%}",
            seen >= SHARE,
        ),
    ]  # fmt: skip


def sample_files(folder: Path) -> Iterator[Path]:
    """The files of a folder that are an app: no overrides."""
    for file in sorted(folder.rglob("*")):
        name = file.name.lower()
        if (
            file.suffix in {".yml", ".yaml"}
            and "compose" in name
            and "override" not in name
            and file.is_file()
        ):
            yield file  # fmt: skip


def verdict_on(file: Path) -> Verdict | None:
    """The verdict on a file; None where it can't be read as a compose file of its own."""
    verdict = judge(Request(scopes=file_scopes([file], {}), policy=make_policy(), ask=False))
    return verdict if verdict.is_complete and any(one.services for one in verdict.judged) else None


def is_on_first_screen(verdict: Verdict) -> bool:
    """Whether the first lines name each finding of the first two ranks, by rule and line."""
    screen = render_text(verdict).splitlines()[:SCREEN]
    return all(_is_told(one, screen) for one in verdict.findings if rank_of(one) <= 2)


def _is_told(finding: Finding, screen: list[str]) -> bool:
    place = str(finding.location) if finding.location else ""
    return any(f"[{finding.rule}]" in line and place in line for line in screen)
