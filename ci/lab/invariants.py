"""What must hold of an app on a host whenever no command is under way, whatever died before."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

from fairlead.host.disk.fold import fold_records
from fairlead.host.disk.journal import parse_records
from fairlead.host.disk.ledger import Ledger
from fairlead.host.disk.lock import is_locked
from fairlead.host.disk.paths import Paths
from fairlead.host.disk.routes import read_live
from fairlead.host.disk.task import is_running
from fairlead.host.engine.containers import Container, read_app_containers
from fairlead.host.engine.engine import Engine
from fairlead.host.shape.bundle import read_bundle
from fairlead.host.state.standby import find_retired, find_standby
from fairlead.host.wire.caddy.snippet import render_inside
from fairlead.host.wire.inside import spoken_by
from fairlead.host.wire.names import RELEASE_ID

_RELIEF_SECONDS = 10.0
"""How long after its time what stands by may still run: it is drained, and stopped gently."""


def find_disorder(paths: Paths, engine: Engine) -> list[str]:
    """What does not hold, in words; nothing when all is in order."""
    content = paths.journal.read_bytes()
    records, end = parse_records(content)
    ledger = fold_records(records)
    containers = read_app_containers(engine, paths)
    return [
        *(["the journal has a torn end"] if end != len(content) or not content.endswith(b"\n") else []),
        *_ledger_disorder(paths, ledger),
        *_container_disorder(paths, ledger, containers),
        *_file_disorder(paths, ledger),
        *_carried_disorder(paths),
        *_engine_disorder(paths, engine),
    ]


def _ledger_disorder(paths: Paths, ledger: Ledger) -> Iterator[str]:
    live = read_live(paths)
    if ledger.unfinished is not None:
        yield f"the {ledger.unfinished.kind} of {ledger.unfinished.release} is unfinished"
    if live != ledger.serving:
        yield f"{live} is switched to, and {ledger.serving} should serve by the journal"
    if live is not None and not ledger.is_startable(live):
        yield f"{live} serves, and was never verified"


def _container_disorder(paths: Paths, ledger: Ledger, containers: list[Container]) -> Iterator[str]:
    live = read_bundle(paths, read_live(paths))
    if live is None:
        return
    for name, service in live.release.services.items():
        home = live.homes.get(name, "")
        own = [one for one in containers if (one.service, one.release, one.oneoff) == (name, home, False)]
        if not service.is_job and len([one for one in own if one.serves]) != service.replicas:
            yield f"{name} has {[(one.name, one.running, one.health) for one in own]}, not {service.replicas} that serve"
    standby = find_standby(paths, ledger, live, containers)
    if standby is not None and standby.until + _RELIEF_SECONDS < time.time():
        standby = None
    retired = find_retired(live, containers)
    for one in containers:
        if one.oneoff:
            yield f"the job's container {one.name} was left"
        elif one.release and not ledger.is_startable(one.release):
            yield f"{one.name} belongs to a release that never served"
        elif one in retired and not (standby is not None and standby.has(one)):
            yield f"{one.name} runs, and nothing uses it"


def _file_disorder(paths: Paths, ledger: Ledger) -> Iterator[str]:
    for link in (paths.dark, paths.inside):
        if str(link.readlink()) != "live":
            yield f"{link.name} points to {link.readlink()}"
    if paths.before.is_symlink():
        yield f"{paths.before.name} was left: what fails is asked again of {paths.before.readlink()}"
    for folder in (paths.releases, paths.routes):
        for entry in folder.iterdir():
            if not RELEASE_ID.fullmatch(entry.name) or not ledger.is_startable(entry.name):
                yield f"{folder.name}/{entry.name} was left"
    for folder in (paths.home, paths.run, paths.files):
        yield from (
            f"{entry.relative_to(paths.root)} was left"
            for entry in folder.iterdir()
            # The launcher is written without the lock: what is half there of it is spared for an hour.
            if entry.name.startswith(".") and not entry.name.startswith(f".{paths.launcher.name}.")
        )
    if is_locked(paths.lock):
        yield "the lock is held"
    yield from (f"the task {entry.name} runs" for entry in paths.tasks.iterdir() if is_running(entry))


def _carried_disorder(paths: Paths) -> Iterator[str]:
    """Calls between services are carried as the release that serves has them."""
    live = read_bundle(paths, read_live(paths))
    wanted = spoken_by([live.release]) if live is not None else {}
    # A second program's has a + in it, and may go on while one of its ports is wanted.
    found = {one.stem: one.read_text() for one in paths.carried.iterdir() if "+" not in one.stem}
    yield from (f"{paths.carried.name}/{name} was left" for name in found.keys() - wanted.keys())
    for service, spoken in wanted.items():
        if found.get(service) != render_inside(service, spoken):
            yield f"calls to {service} are carried otherwise than release {live.id if live else ''} has them"


def _engine_disorder(paths: Paths, engine: Engine) -> Iterator[str]:
    """Networks and volumes belong to the platform alone: a release has none of its own."""
    marks = json.dumps({"label": ["com.docker.compose.project"]})
    for kind, found in (
        ("network", engine.get("/networks", filters=marks)),
        ("volume", engine.get("/volumes", filters=marks).get("Volumes") or []),
    ):
        for one in found:
            project = (one.get("Labels") or {}).get("com.docker.compose.project", "")
            if project.startswith(f"{paths.app}-") and RELEASE_ID.fullmatch(
                project.removeprefix(f"{paths.app}-")
            ):
                yield f"the {kind} {one['Name']} was left by a release"
