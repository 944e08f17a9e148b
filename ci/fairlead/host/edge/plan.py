"""What a release means for the edge: what it will do, and why it may be refused. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Optional

from ..disk.neighbours import named_all
from ..disk.place import PORTS, Meeting
from ..engine.containers import Container
from ..shape.project import platform_hashes
from ..wire.caddy.snippet import render_switch
from ..wire.errors import InputFault
from ..wire.release import Release
from .claims import Claim, hostname_fault, others_behind
from .project import edge_hash
from .state import EdgeState

_GAP = "a short gap"


def plan_claim(release: Release, meeting: Optional[Meeting]) -> Optional[Claim]:
    """What the edge is to serve of a release; None where the app does not stand behind it.

    ``meeting`` is where the edge meets the app; where it never did, the proxy has no name there yet.
    """
    edge = release.edge
    if edge is None:
        return None
    mark = platform_hashes(release, render_switch(h2c=release.has_h2c))[release.proxy]
    name = meeting.proxy(mark) if meeting is not None else ""
    return Claim(release.app, edge.hostnames, edge.scheme, name, edge.port)


def plan_edge(
    release: Release, state: EdgeState, containers: Collection[Container], *, upgrade: bool
) -> tuple[str, ...]:
    """What has to be done to the edge, in words; empty when all is as it should be."""
    claim = plan_claim(release, state.meeting)
    if claim is None or release.edge is None:
        return (f"take ports 80 and 443 back from the edge: {_GAP}",) if state.claim is not None else ()
    steps = []
    if not state.running:
        held = bool(holders_of(containers, PORTS.values()))
        steps.append(
            f"hand ports 80 and 443 over to the edge: {_GAP}" if held else "start the edge of this host"
        )
    elif needs_image(release, state, upgrade=upgrade):
        steps.append(f"replace the edge of this host: {_GAP} for all its apps")
    if claim != state.claim:
        steps.append(f"let the edge serve {', '.join(sorted(claim.hostnames))}")
    return tuple(steps)


def needs_image(release: Release, state: EdgeState, *, upgrade: bool) -> bool:
    """Whether the edge will be made of the image that the release brings."""
    if release.edge is None:
        return False
    return not state.running or (
        upgrade and state.mark != edge_hash(release.edge.image, state.trusted, state.authority)
    )


def edge_faults(release: Release, state: EdgeState) -> Iterator[InputFault]:
    """Why a release cannot stand behind the edge, or not leave it."""
    if release.edge is None:
        others = others_behind(state.hosts, release.app)
        if state.claim is not None and others:
            yield leave_fault(release.app, others)
        return
    for hostname in sorted(release.edge.hostnames):
        holder = state.hosts.get(hostname, release.app)
        if holder != release.app:
            yield hostname_fault(hostname, holder)


def leave_fault(app: str, others: Collection[str]) -> InputFault:
    """Why an app cannot take its ports back."""
    return InputFault(
        f"{app} cannot leave the edge of this host",
        why=f"it holds ports 80 and 443 for {named_all(others)} too",
        fix="say `edge: true` for this environment; a release from before that cannot be gone back to here",
    )


def holders_of(containers: Collection[Container], ports: Collection[int]) -> list[Container]:
    """The running containers that publish any of these ports."""
    return [
        one
        for one in containers
        if one.running and any(pair[1] in ports for pairs in one.ports.values() for pair in pairs)
    ]
