"""Back to an earlier release, on every server."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from fairlead.host.wire.changes import RollbackCall
from fairlead.host.wire.planned import PlanAnswer
from fairlead.report import Reporter
from fairlead.rollout.lines import ask_each, first_question, open_lines
from fairlead.rollout.place import Place


def run_rollback(place: Place, change: RollbackCall, work_dir: Path, reporter: Reporter) -> None:
    """Go back.

    Raises:
        FairleadError: it failed.
    """
    with open_lines(place) as lines, lines.ask_ahead(first_question(place)) as aheads:
        # Loaded and found out while ssh connects: who goes back is in a hurry.
        from fairlead.release.together import plan_target
        from fairlead.rollout.finish import finish_rollout
        from fairlead.rollout.registry import login_blobs
        from fairlead.rollout.servers import connect_all, run_alike
        from fairlead.rollout.who import whoami

        # A pruned image is pulled again: the login for our own registry goes along.
        own = [f"{place.settings.registry}/image"] if place.settings.registry else []
        blobs = login_blobs(place.settings, own)
        servers, states = connect_all(place, aheads, reporter)
        change = replace(change, to=plan_target(states, change.to), by=whoami())
        result = run_alike(place, servers, states, change, blobs, reporter)
    finish_rollout(place, result, reporter, work_dir, lines)


def plan_rollback(place: Place, change: RollbackCall) -> dict[str, PlanAnswer]:
    """What each server would do."""
    from fairlead.release.together import plan_target

    if place.has_several:
        states = ask_each(place, lambda server: server.state())
        change = replace(change, to=plan_target(states, change.to))
    return ask_each(place, lambda server: server.plan(change))
