"""The end of a standby: what stands by is retired when its time is over, by a process that sleeps until then.

The process is a shell that sleeps and then becomes the agent: a megabyte for minutes, where Python would take thirty.
When it dies (a reboot), the next command that retires does it.
"""

from __future__ import annotations

import math
import os
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

from ..disk.fold import fold_records
from ..disk.journal import Journal, read_journal
from ..disk.ledger import DEPLOY
from ..disk.lock import Holder, hold_lock
from ..disk.paths import Paths
from ..disk.routes import read_live
from ..engine.containers import read_app_containers
from ..engine.engine import Engine
from ..shape.bundle import read_bundle
from ..state.standby import find_standby
from ..wire.result import Emit
from .context import Host
from .phases.retire import retire_old

_PATIENCE = 3600.0
_SLEEP = 'sleep "$1" && shift && exec "$@"'


def schedule_expiry(paths: Paths, agent: Sequence[str], log: Path, engine: Engine) -> None:
    """Where a release stands by, start the process that retires it in time; what it says goes to ``log``.

    Raises:
        AgentError: the engine does not answer.
        OSError: no process can be started.
    """
    live = read_bundle(paths, read_live(paths))
    if live is None or not live.release.standby:
        return
    # What has just been deployed may have outlasted the engine.
    engine.wait_ready()
    containers = read_app_containers(engine, paths)
    standby = find_standby(paths, fold_records(read_journal(paths.journal)), live, containers)
    if standby is None:
        return
    # A clock that was set back does not make it longer.
    left = math.ceil(min(max(standby.until - time.time(), 0.0), live.release.standby))
    verb = ("--app", paths.app, "relieve", live.id)
    words = ("/bin/sh", "-c", _SLEEP, "fairlead-relief", str(left), *agent, *verb)
    with log.open("ab") as stream:
        subprocess.Popen(  # noqa: S603 - our own words, and the agent that runs
            words,
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
            cwd="/",
            env={**os.environ, "FAIRLEAD_ROOT": str(paths.root)},
            start_new_session=True,
        )


def retire_expired(paths: Paths, serving: str, emit: Emit, engine: Engine) -> None:
    """Retire what stands by for the release ``serving``; nothing where another one serves by now.

    Raises:
        AgentError: it could not be retired; the next command does it.
    """
    if not paths.journal.exists():
        # The app was removed meanwhile.
        return
    holder = Holder("the end of a standby", "", "", os.getpid(), round(time.time(), 3), brief=True)
    with (
        hold_lock(paths.lock, holder, wait=_PATIENCE, on_wait=lambda _: None),
        Journal(paths.journal) as journal,
    ):
        live = read_bundle(paths, read_live(paths))
        left = fold_records(journal.records).unfinished
        # A rollback that was cut off may be about to serve with what stands by: the next command knows.
        if live is not None and live.id == serving and (left is None or left.kind == DEPLOY):
            retire_old(Host(paths, engine, journal, emit), live, standby_over=True)
