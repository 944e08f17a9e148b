"""What an app needs of the edge before anything of it is started: its hostnames, and the network where they meet."""

from __future__ import annotations

from typing import Optional

from ...disk.place import Meeting, Place
from ...edge.claims import claim_hostnames, drop_claim, holds_any
from ...edge.lifecycle import edge_lock, stop_edge
from ...edge.meetings import open_meeting
from ..context import Deploy, Host


def take_place(deploy: Deploy) -> Optional[Meeting]:
    """Claim the release's hostnames and open the network where its proxy meets the edge, before anything is started.

    Raises:
        InputFault: another app has one of the hostnames.
        EngineFault: there is no room for another network.
    """
    host, edge = deploy.host, deploy.target.release.edge
    if edge is None:
        return None
    place = Place(host.paths.root)
    with edge_lock(place, host.paths.app):
        claim_hostnames(place, host.paths.app, edge.hostnames)
        return open_meeting(host.engine, place, host.paths.app)


def release_place(host: Host) -> None:
    """Give the hostnames of an app back that has never served."""
    place = Place(host.paths.root)
    if holds_any(place, host.paths.app):
        with edge_lock(place, host.paths.app):
            drop_claim(place, host.paths.app)
            stop_edge(host.engine, place)
