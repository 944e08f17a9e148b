"""One release on several hosts: by whose state it is pinned, how it is called, who runs its jobs. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from fairlead.errors import InputError
from fairlead.host.wire.fleet import Fleet
from fairlead.host.wire.marks import Marks
from fairlead.host.wire.release import content_hash
from fairlead.host.wire.status import HostMarks, StateAnswer


def plan_reference(states: Mapping[str, StateAnswer]) -> StateAnswer:
    """The state by which others' images are pinned for all hosts: that of the first one that serves."""
    serving = (state for state in states.values() if state.serving)
    return next(serving, next(iter(states.values())))


def plan_marks(states: Mapping[str, StateAnswer], fresh: bytes) -> Marks:
    """How values of secrets are named, on all hosts alike: by the key of the first host that has one.

    Args:
        states: asked with ``marks``.
        fresh: a new key, for hosts that none of has one.
    """
    reference = plan_reference(states)
    known = [state.marks or HostMarks() for state in (reference, *states.values())]
    key = next((one.key for one in known if one.key), fresh.hex())
    return Marks(bytes.fromhex(key), dict(known[0].plain))


def plan_release_id(states: Mapping[str, StateAnswer], release: Mapping[str, Any]) -> str:
    """The lowest id that a release may get on every host.

    It is the id that it has where it serves already (a host was added), or where some hosts have begun with this very
    commit (their client died); else the lowest that is free on all.
    """
    content = content_hash(release)
    known = [str(state.serving) for state in states.values() if state.content == content] or [
        str(state.unfinished.release)
        for state in states.values()
        if state.unfinished is not None and state.unfinished.revision == release["revision"] and state.tasks
    ]
    return max(known) if known else _lowest_id(states)


def _lowest_id(states: Mapping[str, StateAnswer]) -> str:
    return max(state.next_id for state in states.values())


def plan_once(release: Mapping[str, Any]) -> tuple[str, ...]:
    """The jobs that one host runs for all: those that work on data which no host has for itself.

    A job that mounts a volume, or names a ``state`` service of the release (in depends_on, a variable, its command),
    works on the data of its own host, and runs on each.
    """
    services = release["services"]
    kept = [name for name, service in services.items() if service["role"] == "state"]
    return tuple(
        name
        for name, service in services.items()
        if service["role"] == "job"
        and not _has_volume(service)
        and not any(_names(service, state) for state in kept)
    )


def plan_fleet(
    hosts: Sequence[str],
    host: str,
    states: Mapping[str, StateAnswer],
    release: Mapping[str, Any] | None,
    *,
    hold_timeout: float,
) -> Fleet:
    """What one host of several is told of the others.

    Args:
        hosts: all hosts, in the order of fairlead.yaml: the first runs the jobs that are run once.
        host: the one that is told.
        states: how each of them stands.
        release: the release document; None where each host has it already.
        hold_timeout: for how many seconds it waits when it hears nothing.
    """
    fleet = Fleet(_lowest_id(states), tuple(hosts), hold_timeout)
    if release is None:
        return fleet
    done = {key for state in states.values() for key in state.jobs_done}
    once = plan_once(release)
    return replace(
        fleet,
        release=plan_release_id(states, release),
        once=once,
        runner="" if host == hosts[0] else hosts[0],
        done=tuple(sorted(done & {str(release["services"][name]["hash"]) for name in once})),
    )


def plan_target(states: Mapping[str, StateAnswer], to: str | None) -> str | None:
    """The release that all hosts roll back to; None leaves it to the one host there is.

    Raises:
        InputError: a host does not have it, or the hosts mean different commits by its id.
    """
    if len(states) == 1 or not states:
        return to
    target = to or _before(states)
    found = {host: _stable(state) for host, state in states.items()}
    lacking = [host for host, releases in found.items() if target not in releases]
    common = sorted(set.intersection(*(set(releases) for releases in found.values())), reverse=True)
    if target is None or lacking:
        raise InputError(
            f"not every host can go back to {target}: {', '.join(lacking)} cannot"
            if target
            else "there is no release to go back to",
            why="a host that was added or set up anew has only the releases that were deployed to it",
            fix=f"there are on every host: {', '.join(common)} (`--to`); or check out the commit and deploy it "
            "with --allow-older"
            if common
            else "check out the commit and deploy it with --allow-older: that brings it to every host",
        )
    revisions = {releases[target] for releases in found.values()}
    if len(revisions) > 1:
        raise InputError(
            f"release {target} is not the same commit on every host",
            why=", ".join(f"{host}: {releases[target][:12]}" for host, releases in found.items()),
            fix="check out the commit that is meant and deploy it with --allow-older",
        )
    return target


def find_differences(states: Mapping[str, StateAnswer]) -> str:
    """In words, where the hosts do not serve the same release; empty where they do."""
    if len({state.content for state in states.values()}) <= 1:
        return ""
    serving = (f"{host} {state.serving or 'nothing'}" for host, state in states.items())
    return (
        f"the hosts do not serve the same release: {', '.join(serving)}; "
        "`fairlead deploy` or `fairlead rollback` brings all to one"
    )


def _before(states: Mapping[str, StateAnswer]) -> str | None:
    """What served before the newest release that serves anywhere: who is behind it already stays where it is."""
    newest = max(states.values(), key=lambda state: state.serving or "")
    return newest.previous or None


def _stable(state: StateAnswer) -> dict[str, str]:
    """Id -> commit of the releases that have served on a host and can be started there."""
    return {one.id: one.revision for one in state.releases if one.state == "stable"}


def _has_volume(service: Mapping[str, Any]) -> bool:
    if any("data" in mount for mount in service.get("mounts") or ()):
        return True
    return any(one.get("type") == "volume" for one in (service.get("definition") or {}).get("volumes") or ())


def _names(service: Mapping[str, Any], state: str) -> bool:
    definition = service.get("definition") or {}
    told = json.dumps([definition.get(key) for key in ("environment", "command", "entrypoint")])
    word = rf"(?<![\w.-]){re.escape(state)}(?![\w.-])"
    return state in (service.get("depends_on") or {}) or re.search(word, told) is not None
