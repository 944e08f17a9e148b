"""Rounds of deploys and rollbacks of the streams app, good and bad, and what the server's journal says of them."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bench.streams import Ground, Outcome, Round, timed
from fairlead.tools.cache import cache_dir

_KINDS = ("deploy", "deploy", "rollback", "bad")
_FAULTS = {"bad": "crash", "crashing": "crash-in-use"}
_JOURNAL = "/srv/fairlead/streams/journal.jsonl"


def plan_rounds(ground: Ground, count: int) -> list[Callable[[], Round]]:
    """Two deploys, a rollback and a release that cannot start, over and over."""
    return [partial(run_round, ground, _KINDS[turn % len(_KINDS)], f"r{turn}") for turn in range(count)]


def run_round(ground: Ground, kind: str, label: str) -> Round:
    """One change of what serves; ``label`` is what a new release calls itself.

    Raises:
        RuntimeError: it did not end as its kind does.
    """
    if kind == "rollback":
        return expect(0, timed(kind, lambda: ground.fairlead("--json", "rollback", check=False)))
    # A changed variable is a new release of the same images: what is measured is the deploy, not the build.
    fault = _FAULTS.get(kind, "")
    rewrite(ground.root / "fairlead.yaml", f"{{RELEASE: {label}{', FAULT: ' + fault if fault else ''}}}")
    return expect(6 if fault else 0, timed(kind, lambda: ground.fairlead("--json", "deploy", check=False)))


def expect(code: int, one: Round) -> Round:
    """The round, which must have ended with this exit code."""
    if one.code != code:
        raise RuntimeError(
            f"a {one.kind} was to end with {code} and ended with {one.code}: {one.said[-800:]}"
        )
    return one


def rewrite(file: Path, variables: str) -> None:
    """Set the variables of the app's environment, which end its fairlead.yaml."""
    before, _, _ = file.read_text().partition("    variables:")
    file.write_text(f"{before}    variables: {variables}\n")


@dataclass(frozen=True)
class Switch:
    """One switch by the journal: of a ``deploy`` or ``rollback``, when it happened and when its transaction ended.

    Times are seconds since the epoch.
    """

    kind: str
    at: float
    ended: float
    status: str


def read_switches(ground: Ground, since: float) -> Iterator[Switch]:
    """The switches of the server since then; its clock is ours."""
    entries = [json.loads(line) for line in ground.on_server("cat", _JOURNAL).splitlines()]
    ends = {entry["tx"]: entry for entry in entries if entry["type"] == "end"}
    kinds = {entry["seq"]: str(entry["kind"]) for entry in entries if entry["type"] == "begin"}
    for entry in entries:
        if entry["type"] == "phase" and entry["phase"] == "switch" and entry["at"] > since:
            end = ends[entry["tx"]]
            yield Switch(kinds[entry["tx"]], entry["at"], end["at"], end["status"])


def save(name: str, outcome: Outcome) -> None:
    """Keep the whole report of a load, for whoever wants to know more than a row tells."""
    assert outcome.report is not None
    file = cache_dir() / "bench" / f"{name}.json"
    rounds = [vars(one) for one in outcome.rounds]
    file.write_text(json.dumps({"rounds": rounds, "report": outcome.report.document}))


def median(outcome: Outcome, kind: str) -> float:
    """The median time of a kind of round; 0 when there was none."""
    return statistics.median([one.seconds for one in outcome.rounds if one.kind == kind] or [0.0])


def median_phase(outcome: Outcome, kind: str, phase: str) -> float:
    """The median time of a phase in a kind of round; 0 when there was none."""
    return statistics.median(
        [one.phases.get(phase, 0.0) for one in outcome.rounds if one.kind == kind] or [0.0]
    )
