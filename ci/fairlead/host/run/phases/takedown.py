"""After a first deploy that failed: nothing holds a port and nothing answers; only the data stays."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Optional

from ...disk.fold import fold_records
from ...disk.journal import JOB, KEPT
from ...disk.ledger import LOST
from ...disk.place import Place
from ...edge.lifecycle import edge_lock
from ...edge.meetings import close_meeting
from ...engine.api import ApiFault
from ...engine.containers import Container, platform_project, read_app_containers
from ...wire import labels
from ..context import Host
from ..graceful import stop_containers
from .carriers import forget_sockets
from .claim import release_place
from .leading import forget_carried

_ORDER = ("proxy", "app", "worker", "job", "inside", "ops", "state")
"""Who is stopped first: the door, then those who need the others."""


def take_down_platform(host: Host) -> None:
    """Remove the platform of an app that serves nobody: its containers, networks and hostnames. Its volumes stay.

    Who had its ports wants them for another app, or for this one by another name. The next attempt starts it again.

    Raises:
        EngineFault: something of it cannot be removed; the next command goes on.
    """
    release_place(host)
    containers = [one for one in read_app_containers(host.engine, host.paths) if not one.release]
    forget_jobs(host, containers)
    note_nameless(host, containers)
    stop_in_order(host, containers)
    for one in containers:
        host.engine.remove(one.id, volumes=not one.keeps_nameless)
        if one.role == "proxy":
            for leftover in (host.paths.proxy_file(one.hash), host.paths.proxy_socket(one.hash)):
                leftover.unlink(missing_ok=True)
    forget_sockets(host, containers)
    place = Place(host.paths.root)
    if place.home.is_dir():
        with edge_lock(place, host.paths.app):
            close_meeting(host.engine, place, host.paths.app)
    remove_networks(host)
    for file in (host.paths.platform, host.paths.switch, host.paths.inside_config):
        file.unlink(missing_ok=True)
    forget_carried(host)
    if containers:
        kept = [str(volume["Name"]) for volume in of_platform(host, "/volumes").get("Volumes") or ()]
        kept += [name for one in containers if one.keeps_nameless for name in one.nameless]
        rest = f" but its volumes ({', '.join(sorted(kept))})" if kept else ""
        host.note(f"nothing of {host.paths.app} has ever served here: nothing stays of it{rest}")


def forget_jobs(host: Host, gone: Sequence[Container], release: Optional[str] = None) -> None:
    """Write down that jobs have to run again whose work nobody finds any more: a volume without a name is not met again.

    Args:
        host: the app.
        gone: the containers that are about to be removed.
        release: the one whose jobs have worked on them; None is any.
    """
    if not any(one.keeps_nameless for one in gone):
        return
    for mark, run in fold_records(host.journal.records).jobs.items():
        if run.state == "done" and release in (None, run.release):
            host.journal.append(
                JOB, service=run.service, hash=mark, release=run.release, container=run.container, state=LOST
            )


def note_nameless(host: Host, gone: Sequence[Container]) -> None:
    """Write down which volumes without a name outlive their containers: the engine does not know whose they are.

    Args:
        host: the app.
        gone: the containers that are about to be removed.
    """
    names = {name for one in gone if one.keeps_nameless for name in one.nameless}
    names -= fold_records(host.journal.records).nameless
    if names:
        host.journal.append(KEPT, volumes=sorted(names))


def stop_in_order(host: Host, containers: Sequence[Container]) -> None:
    """Stop what runs, first who lets users in, last who keeps their data."""
    for role in _ORDER:
        stop_containers(host, [one for one in containers if one.role == role and one.running])


def remove_networks(host: Host) -> None:
    """Remove the app's networks; one that somebody is in stays, and is told."""
    for network in of_platform(host, "/networks"):
        try:
            host.engine.delete(f"/networks/{network['Id']}")
        except ApiFault as fault:
            host.warn(f"the network {network['Name']} stays: {fault.why or fault.what}")


def of_platform(host: Host, kind: str) -> Any:
    """The networks or volumes of the app, as the engine lists them."""
    mark = f"{labels.PROJECT}={platform_project(host.paths.app)}"
    return host.engine.get(kind, filters=json.dumps({"label": [mark]}))
