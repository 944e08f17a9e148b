"""A network for each app behind the edge. Whoever makes or removes one holds the edge's lock; every step may be run again.

The tokens are the truth: an app that has one has a network, a running edge is in it, and the edge's project lists it,
so that it is there again after a restart of whatever kind.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Optional

from ..disk.atomic import make_folder, remove_path, write_file
from ..disk.neighbours import named
from ..disk.place import NETWORK, ROLE, SERVICE, TOKEN_BYTES, Meeting, Place
from ..engine.api import ApiFault, EngineApi
from ..engine.containers import Container, find_edge
from ..engine.engine import Engine
from ..shape.project import render_json
from ..wire import labels
from ..wire.errors import EngineFault
from ..wire.plainjson import parse_json
from .project import render_edge_project, with_meetings
from .subnets import Subnet, free_subnets, network_subnets, parse_routes
from .trusted import read_trusted

_ATTEMPTS = 8
_ROUTES = Path("/proc/net/route")


def read_meeting(place: Place, app: str) -> Optional[Meeting]:
    """Where the edge meets the app's proxy; None where it never did."""
    try:
        token = (place.tokens / app).read_text().strip()
    except OSError:
        return None
    return Meeting(app, token) if token else None


def read_meetings(place: Place) -> list[Meeting]:
    """Those of all apps."""
    names = sorted(entry.name for entry in place.tokens.iterdir()) if place.tokens.is_dir() else []
    found = (read_meeting(place, name) for name in names if name[:1] != ".")
    return [one for one in found if one is not None]


def open_meeting(engine: Engine, place: Place, app: str) -> Meeting:
    """Have the app's network, and the edge in it if it runs.

    Raises:
        EngineFault: the engine does not make it, or has no address left for it.
    """
    meeting = read_meeting(place, app)
    if meeting is None:
        make_folder(place.tokens)
        meeting = Meeting(app, secrets.token_hex(TOKEN_BYTES))
        write_file(place.tokens / app, meeting.token.encode())
    make_networks(engine, [meeting])
    list_meetings(engine, place)
    connect_edge(engine, find_edge(engine), [meeting])
    return meeting


def close_meeting(engine: Engine, place: Place, app: str) -> bool:
    """Remove the app's network, when its proxies are gone; False where somebody is in it still.

    The edge leaves it first: one that is stopped could not be started again without it.

    Raises:
        EngineFault: the engine does not answer.
    """
    meeting = read_meeting(place, app)
    if meeting is None:
        return True
    edge = find_edge(engine)
    if edge is not None and meeting.network in edge.networks:
        engine.post(f"/networks/{meeting.network}/disconnect", {"Container": edge.id, "Force": True})
    try:
        engine.delete(f"/networks/{meeting.network}")
    except ApiFault:
        if meeting.network in _names(engine):
            return False
    (place.tokens / app).unlink(missing_ok=True)
    list_meetings(engine, place)
    return True


def make_networks(engine: EngineApi, meetings: Iterable[Meeting]) -> None:
    """Make those networks that are not there: no way out leads from them, and nobody but the edge is met in them."""
    known = _names(engine)
    for one in meetings:
        if one.network not in known:
            _make_network(engine, one)


def connect_edge(engine: Engine, edge: Optional[Container], meetings: Iterable[Meeting]) -> list[str]:
    """Have a running edge in these networks: it goes on serving meanwhile. The apps whose network it was not in."""
    if edge is None or not edge.running:
        return []
    missing = [one for one in meetings if one.network not in edge.networks]
    for one in missing:
        engine.post(f"/networks/{one.network}/connect", {"Container": edge.id})
    return [one.app for one in missing]


def list_meetings(engine: Engine, place: Place) -> None:
    """Write the networks of all apps into the edge's project, where there is one; a damaged one is made again."""
    try:
        before = place.project.read_bytes()
        document = with_meetings(parse_json(before), read_meetings(place))
    except FileNotFoundError:
        return
    except (OSError, ValueError, LookupError, TypeError):
        remove_path(place.project)
        edge = find_edge(engine)
        if edge is None:
            # It is written when the edge is made.
            return
        before = b""
        document = render_edge_project(
            place, edge.image, read_meetings(place), place.home.stat().st_gid, read_trusted()
        )
        document["services"][SERVICE]["labels"][labels.HASH] = edge.hash
    after = render_json(document)
    if after != before:
        write_file(place.project, after)


def _make_network(engine: EngineApi, meeting: Meeting) -> None:
    pools = engine.get("/info").get("DefaultAddressPools") or ()
    taken: list[Subnet] = [*network_subnets(engine.get("/networks"))]
    if _ROUTES.exists():
        taken += parse_routes(_ROUTES.read_text())
    refused = "all the address ranges that the engine may take are in use"
    for _, subnet in zip(range(_ATTEMPTS), free_subnets(pools, taken)):
        body: dict[str, Any] = {
            "Name": meeting.network,
            "Driver": "bridge",
            "Internal": True,
            "IPAM": {"Driver": "default", "Config": [{"Subnet": str(subnet)}]},
            "Labels": {labels.ROLE: ROLE},
        }
        try:
            engine.post("/networks/create", body)
        except ApiFault as fault:
            # Somebody was quicker, or the engine knows more of the range than this.
            refused = fault.why
        else:
            return
    raise EngineFault(
        f"there is no room for a network between the edge of this host and the app {named(meeting.app)}",
        why=refused,
        fix="`docker network prune` removes networks that nobody uses; `default-address-pools` in the engine's "
        "daemon.json gives it more ranges",
    )


def _names(engine: EngineApi) -> set[str]:
    found = engine.get("/networks", filters=json.dumps({"name": [NETWORK]}))
    return {str(one["Name"]) for one in found}
