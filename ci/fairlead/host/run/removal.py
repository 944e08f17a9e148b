"""Remove an app from this host: what runs, what lies in its folder, and its volumes if that was asked for.

A file says that the removal has begun: whatever dies meanwhile, the next command finishes it before anything else.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import time
from typing import TYPE_CHECKING, Optional

from ..disk.atomic import write_file
from ..disk.fold import fold_records
from ..disk.journal import Journal, read_journal
from ..disk.layout import make_layout
from ..disk.lock import Holder, hold_lock
from ..disk.paths import Paths
from ..disk.place import Place
from ..disk.routes import read_live
from ..disk.task import is_running, list_tasks
from ..edge.claims import drop_claim
from ..edge.lifecycle import edge_lock, stop_edge
from ..edge.meetings import close_meeting
from ..engine.api import ApiFault
from ..engine.containers import read_app_containers
from ..engine.engine import Engine
from ..shape.bundle import read_bundle
from ..state.data import clear_folder, list_data, remove_data
from ..state.ownership import read_owner, read_record, require_owner
from ..state.removals import keep_journal, write_removed
from ..wire import labels
from ..wire.answer import render_answer
from ..wire.errors import EXIT_OK, AgentError
from ..wire.events import INFO, NoteEvent
from ..wire.owner import Owner
from ..wire.phases import PREPARE
from ..wire.result import FAILED, Emit, Result, report_of
from .context import Host
from .phases.takedown import note_nameless, of_platform, remove_networks, stop_in_order
from .tidy import without_others

if TYPE_CHECKING:
    from ..wire.replies import RemoveAnswer

_LOCK_WAIT = 600.0


def run_remove(
    paths: Paths,
    emit: Emit,
    *,
    task: str = "",
    by: str = "",
    key: str = "",
    claim: Optional[Owner] = None,
    volumes: bool = False,
    engine: Optional[Engine] = None,
) -> Result:
    """Remove the app; its last event is the ``result``, whose data say what was removed and which volumes stay.

    Args:
        paths: the app.
        emit: where events go.
        task: the task that does it, for the lock.
        by: who asked, by the client's word.
        key: the fingerprint of the key that was used, where the door knows it.
        claim: whose app is meant; None is whoever's it is.
        volumes: its data too.
        engine: the engine, or the one of this host.
    """
    holder = Holder("removal", by, task, os.getpid(), round(time.time(), 3))
    try:
        engine = engine or Engine.connect()
        make_layout(paths)

        def tell(text: str) -> None:
            emit(NoteEvent(INFO, text, PREPARE.name))

        with hold_lock(paths.lock, holder, wait=_LOCK_WAIT, on_wait=tell) as handle:
            engine.hand_down = (handle,)
            if claim is not None:
                require_owner(paths, claim)
            begin_removal(paths, by=by, key=key, volumes=volumes)
            with Journal(paths.journal) as journal:
                host = Host(paths, engine, journal, emit)
                answer = finish_removal(host)
        result = Result("ok", EXIT_OK, data=render_answer(answer))
    except (AgentError, OSError) as error:
        fault = error if isinstance(error, AgentError) else AgentError(f"the host failed: {error}")
        result = Result(FAILED, fault.exit_code, serving=read_live(paths), error=report_of(fault))
    emit(result)
    return result


def begin_removal(paths: Paths, *, by: str, volumes: bool, key: str = "") -> None:
    """Write down that the app is to go; one that has begun already may take more, never less."""
    before = read_record(paths.removing)
    volumes = volumes or before.get("volumes") is True
    owner = read_owner(paths)
    whose = {"owner": owner.to_json()} if owner is not None else {}
    document = {"by": by, "key": key, "volumes": volumes, "at": round(time.time(), 3), **whose}
    write_file(paths.removing, json.dumps(document).encode())


def finish_removal(host: Host) -> RemoveAnswer:
    """Do what the marker says, from wherever a dead agent left it; what was removed, and which volumes stay.

    The folder stays, with the lock and the tasks that run: ``leave_nothing`` is for the very end.

    Raises:
        AgentError: something could not be removed; the next command goes on.
    """
    paths, engine = host.paths, host.engine
    marker = read_record(paths.removing)
    volumes = marker.get("volumes") is True
    place = Place(paths.root)
    live = read_bundle(paths, read_live(paths))
    if place.home.is_dir():
        with edge_lock(place, paths.app):
            drop_claim(place, paths.app)
    containers = read_app_containers(engine, paths)
    stop_in_order(host, containers)
    note_nameless(host, containers)
    for one in containers:
        # What a database keeps in a volume without a name is data as well.
        engine.remove(one.id, volumes=volumes or not one.keeps_nameless)
    if place.home.is_dir():
        with edge_lock(place, paths.app):
            if stop_edge(engine, place, volumes=volumes):
                host.note("the edge of this host had no other app: removed")
            if not close_meeting(engine, place, paths.app):
                host.warn(f"somebody is in the network between the edge and {paths.app}: it stays")
    remove_networks(host)
    kept = sorted({*_remove_volumes(host, wanted=volumes), *_remove_nameless(host, wanted=volumes)})
    helpers = live.release.images if live is not None else ()
    if volumes:
        remove_data(engine, paths, helpers)
    # A proxy may write to it.
    clear_folder(engine, paths, paths.run, helpers)
    data = sorted(str(paths.data / name) for name in list_data(paths))
    pulled = fold_records(read_journal(paths.journal)).pulled
    images = [image for image in sorted(without_others(paths, pulled)) if engine.drop_image(image)]
    keep_journal(paths.root, paths.app, paths.journal)
    keep_journal(paths.root, f"{paths.app}.maintenance", paths.maintenance_journal)
    _empty(paths)
    write_removed(paths.root, paths.app, marker, kept, data)
    from ..wire.replies import RemoveAnswer

    return RemoveAnswer(
        containers=tuple(sorted(one.name for one in containers)),
        images=tuple(images),
        volumes_kept=tuple(kept),
        data_kept=tuple(data),
        was_serving=live.id if live is not None else None,
    )


def leave_nothing(paths: Paths, task: str) -> None:
    """Remove what is left of the folder of an app that is gone: the task's own folder, and the empty ones.

    A newcomer of the same name may be at work there already: what is not empty stays.
    """
    if paths.journal.exists() or paths.removing.exists():
        return
    shutil.rmtree(paths.task(task), ignore_errors=True)
    with contextlib.suppress(OSError):
        paths.tasks.rmdir()
        paths.lock.unlink()
        paths.home.rmdir()


def _remove_volumes(host: Host, *, wanted: bool) -> list[str]:
    """Remove the volumes, or leave them; the names of those that stay."""
    marks = json.dumps({"label": [f"{labels.APP}={host.paths.app}", labels.RELEASE]})
    for volume in host.engine.get("/volumes", filters=marks).get("Volumes") or ():
        # Files of a release's images: no data.
        host.engine.delete(f"/volumes/{volume['Name']}")
    found = of_platform(host, "/volumes").get("Volumes") or []
    names = sorted(str(volume["Name"]) for volume in found)
    if not wanted:
        return names
    for name in names:
        host.engine.delete(f"/volumes/{name}")
    return []


def _remove_nameless(host: Host, *, wanted: bool) -> list[str]:
    """Remove the volumes without a name that outlived their containers, or leave them; the names of those that stay."""
    names = sorted(fold_records(host.journal.records).nameless)
    if not names:
        return []
    found = host.engine.get("/volumes", filters=json.dumps({"name": names})).get("Volumes") or ()
    there = sorted({str(one["Name"]) for one in found} & set(names))
    kept = []
    for name in there:
        try:
            if wanted:
                host.engine.delete(f"/volumes/{name}")
                continue
        except ApiFault as fault:
            # Somebody has mounted it meanwhile, to look at the data.
            host.warn(f"the volume {name} stays: {fault.why or fault.what}")
        kept.append(name)
    return kept


def _empty(paths: Paths) -> None:
    """Remove the content of the folder, the marker last, so that a crash in the middle is seen.

    What the door has stored since the removal began is of a deploy that waits.
    """
    began = paths.removing.stat().st_mtime if paths.removing.exists() else time.time()
    for entry in paths.home.iterdir():
        if entry in (paths.lock, paths.tasks, paths.removing) or (entry == paths.data and list_data(paths)):
            continue
        if entry == paths.secrets and any(one.stat().st_mtime > began for one in entry.glob("*/*")):
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
    for task in list_tasks(paths):
        if not is_running(paths.task(task)):
            shutil.rmtree(paths.task(task), ignore_errors=True)
    paths.removing.unlink(missing_ok=True)
