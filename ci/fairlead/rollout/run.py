"""A deploy, the plan of one, and how far from it what runs is: from the checkout to the servers and back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from fairlead.identity import read_identity
from fairlead.rollout.gate import pass_gate
from fairlead.rollout.lines import Lines, open_lines
from fairlead.rollout.servers import ask_marks

if TYPE_CHECKING:
    from fairlead.host.wire.status import StateAnswer
    from fairlead.release.drift import Drift
    from fairlead.report import Reporter
    from fairlead.rollout.ahead import Ahead
    from fairlead.rollout.change import Rollout
    from fairlead.rollout.options import RolloutOptions
    from fairlead.rollout.place import Place


@dataclass(frozen=True)
class _Begun:
    """A rollout that is ready for its servers, which have been asked how they stand."""

    rollout: Rollout
    aheads: Mapping[str, Ahead[StateAnswer]]
    lines: Lines


def run_deploy(place: Place, options: RolloutOptions, reporter: Reporter) -> None:
    """Deploy the published images of this commit.

    Raises:
        FairleadError: it failed, or would have.
    """
    from fairlead.rollout.finish import finish_rollout

    options = options.claimed(place.settings.root)
    with _begin(place, options, reporter) as begun:
        result = begun.rollout.deploy(begun.aheads)
    finish_rollout(place, result, reporter, options.work_dir, begun.lines)


def run_plan(place: Place, options: RolloutOptions, reporter: Reporter) -> None:
    """Show what a deploy would do; no server is changed.

    Raises:
        FairleadError: it would be refused.
    """
    from fairlead.release.plan_text import name_lines
    from fairlead.rollout.show import show_plans

    with _begin(place, options.claimed(place.settings.root), reporter) as begun:
        plans, bundle = begun.rollout.plan(begun.aheads)
    for text in name_lines(place.settings, place.environment):
        reporter.line(text)
    show_plans(plans, reporter, bundle.release)


def find_drifts(place: Place, options: RolloutOptions, reporter: Reporter) -> list[Drift]:
    """How what runs on each server differs from this commit; no server is changed."""
    from fairlead.release.drift import find_drift

    with _begin(place, options.claimed(place.settings.root), reporter) as begun:
        plans, bundle = begun.rollout.plan(begun.aheads)
        states = {host: ahead.wait()[1] for host, ahead in begun.aheads.items()}
    wanted = str(bundle.release["revision"])
    return [find_drift(host, states[host], plan, wanted) for host, plan in plans.items()]


@contextmanager
def _begin(place: Place, options: RolloutOptions, reporter: Reporter) -> Iterator[_Begun]:
    """Judge the files; then prepare the release while the servers are asked how they stand."""
    commit = read_identity(place.settings.root)
    passed = pass_gate(place.settings, (place.environment,), reporter, commit.revision)
    with (
        open_lines(place, take_over=options.request.take_over) as lines,
        lines.ask_ahead(ask_marks) as aheads,
    ):
        # Imported while the servers answer.
        from fairlead.rollout.start import start_rollout

        yield _Begun(start_rollout(place, options, reporter, commit, passed), aheads, lines)
