"""Back to an earlier release, on every server."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fairlead.host.wire.changes import RollbackCall
from fairlead.host.wire.planned import PlanAnswer
from fairlead.report import Reporter
from fairlead.rollout.lines import ask_each, first_question, open_lines
from fairlead.rollout.place import Place

if TYPE_CHECKING:
    from fairlead.host.wire.status import StateAnswer
    from fairlead.remote.outcome import RolloutEnd
    from fairlead.rollout.ahead import Question

_HURRY = 5.0
"""Seconds for which a registry is waited for once it is back."""


def run_rollback(place: Place, change: RollbackCall, work_dir: Path, reporter: Reporter) -> None:
    """Go back; ``change.to`` is what was said of where to.

    Raises:
        FairleadError: it failed.
    """
    with open_lines(place) as lines, lines.ask_ahead(_question(place, change.to)) as aheads:
        # Loaded and found out while ssh connects: who goes back is in a hurry.
        from fairlead.release.together import plan_reference
        from fairlead.rollout.changed import back_of, told
        from fairlead.rollout.finish import finish_rollout
        from fairlead.rollout.registry import login_blobs
        from fairlead.rollout.servers import connect_all, run_alike
        from fairlead.rollout.who import whoami

        # A pruned image is pulled again: the login for our own registry goes along.
        own = [f"{place.settings.registry}/image"] if place.settings.registry else []
        blobs = login_blobs(place.settings, own)
        servers, states = connect_all(place, aheads, reporter)
        change = replace(_aimed(place, change, states), by=whoami())
        ended = run_alike(place, servers, states, change, blobs, reporter)
        reference = plan_reference(states)
        changes = told(lambda: back_of(place.settings.root, reference, change.to), reporter, is_done=True)
    if changes is not None and _has_page() and not ended.result.exit:
        # Nobody else waits for it.
        images = told(lambda: _images_back(place, reference, ended), reporter, is_done=True)
        changes["images"] = images or []
    finish_rollout(place, replace(ended, changes=changes), reporter, work_dir, lines)


def _images_back(place: Place, before: StateAnswer, ended: RolloutEnd) -> list[dict[str, Any]]:
    """What the images that serve again hold."""
    from fairlead.rollout.changed import images_back
    from fairlead.rollout.contents import Contents
    from fairlead.rollout.registry import inventory_finder

    images = images_back(before, ended.result.data, place.settings.registry)
    repositories = {one["image"]: repository for repository, one in images.items()}
    finder = inventory_finder(place.settings)
    return Contents(list(images.values()), repositories, before.serving, finder).joined(_HURRY)


def _has_page() -> bool:
    return os.environ.get("GITHUB_ACTIONS") == "true"


def plan_rollback(place: Place, change: RollbackCall) -> dict[str, PlanAnswer]:
    """What each server would do; ``change.to`` is what was said of where to."""
    from fairlead.release.target import known_target

    is_known = known_target(change.to) is not None and not place.has_several
    states = {} if is_known else ask_each(place, _question(place, change.to))
    aimed = _aimed(place, change, states)
    return ask_each(place, lambda server: server.plan(aimed))


def read_releases(place: Place) -> dict[str, StateAnswer]:
    """How each server stands, with the releases that it can go back to."""
    return ask_each(place, lambda server: server.state())


def _question(place: Place, said: str | None) -> Question[StateAnswer]:
    """What has to be known to find the release: mostly nothing, and the server that goes back knows by itself."""
    from fairlead.release.target import known_target, needs_digests

    # The page of a job tells which commits are taken back.
    if known_target(said) is not None and not _has_page():
        return first_question(place)
    return lambda server: server.state(digests=needs_digests(said))


def _aimed(place: Place, change: RollbackCall, states: Mapping[str, StateAnswer]) -> RollbackCall:
    """The request for the release that is meant.

    Raises:
        InputError: there is no such release, or not on every server.
    """
    from fairlead.identity import tagged_commit
    from fairlead.release.target import find_target
    from fairlead.release.together import plan_target

    target = find_target(states, change.to or "", lambda tag: tagged_commit(place.settings.root, tag))
    return replace(change, to=plan_target(states, target.release), serving=target.serving)
