"""A task: work that goes on when the connection that asked for it is gone.

The door writes what is to be done into a folder and starts a process for it, in a session of its own.
Whether a task still runs is told by a lock that its process holds from before it was started until it ends:
the kernel frees it, so no crash can leave a task that only seems to run.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import secrets
import shutil
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn

from ..wire.errors import EXIT_OK, AgentError
from ..wire.events import kind_of, render_event, salvage_event
from ..wire.fleet import STOP
from ..wire.frames import Frame
from ..wire.plainjson import parse_json
from ..wire.release import content_of
from ..wire.result import Result, failed_result
from .events import EVENTS, follow_events
from .orders import is_ordered
from .paths import Paths

TASK_ID = re.compile(r"[0-9]{8}T[0-9]{6}-[0-9a-f]{6}")
_ID_TIME = "%Y%m%dT%H%M%S"
_SENT_AGAIN = 900.0
"""Seconds after which no client sends a request again any more; it gives up long before."""
_KEPT_TASKS = 30
_ALIVE_DESCRIPTOR = 3
_DAY = 24 * 3600.0


def new_task_id() -> str:
    """An id that sorts by time: ``20300131T235959-0a1b2c`` (UTC)."""
    return f"{time.strftime(_ID_TIME, time.gmtime())}-{secrets.token_hex(3)}"


def list_tasks(paths: Paths) -> list[str]:
    """The ids of the tasks whose folders are there, newest first."""
    if not paths.tasks.is_dir():
        return []
    return sorted(
        (entry.name for entry in paths.tasks.iterdir() if TASK_ID.fullmatch(entry.name)), reverse=True
    )


def read_request(folder: Path) -> dict[str, Any]:
    """What the task was asked to do; empty where that cannot be read."""
    try:
        raw = parse_json((folder / "request.json").read_bytes())
    except (OSError, ValueError):
        return {}
    return raw if isinstance(raw, dict) else {}


def credentials_of(request: Mapping[str, Any]) -> Path | None:
    """Where the registry credentials of a request lie."""
    path = request.get("credentials")
    return Path(path) if isinstance(path, str) else None


def fingerprint(request: Mapping[str, Any]) -> str:
    """What makes two requests the same one: everything but who sent and judged it, when, and under which task."""
    from ..wire.request import complete_options

    release = request.get("release")
    meaning = {
        "kind": request.get("kind"),
        "release": content_of(release) if isinstance(release, dict) else None,
        "to": request.get("to"),
        "secrets": request.get("secrets"),
        "decision": request.get("decision"),
        "volumes": request.get("volumes"),
        "options": complete_options(request.get("options")),
    }
    return hashlib.sha256(json.dumps(meaning, sort_keys=True).encode()).hexdigest()


def find_running(paths: Paths, request: Mapping[str, Any]) -> str | None:
    """The id of a task that is at this very request right now, or None.

    One that is on its way back is not: how it ends is not how a command ends that begins now. That one waits for it.
    But the task of a request that is sent again, as its ``nonce`` tells, is that one however it went: it may have ended
    before its client heard of it.
    """
    tasks, wanted, nonce = list_tasks(paths), fingerprint(request), request.get("nonce")
    since = time.strftime(_ID_TIME, time.gmtime(time.time() - _SENT_AGAIN))
    for task in tasks if isinstance(nonce, str) else ():
        if task >= since and read_request(paths.task(task)).get("nonce") == nonce:
            return task
    for task in tasks:
        folder = paths.task(task)
        if is_running(folder) and fingerprint(read_request(folder)) == wanted and not _goes_back(folder):
            return task
    return None


def _goes_back(folder: Path) -> bool:
    """Whether the task was told to stop, or has told that it failed and has not quite ended."""
    if is_ordered(folder, STOP):
        return True
    frames = follow_events(folder / EVENTS, alive=lambda: False, gone=lambda: True)
    told = (salvage_event(frame) for frame in frames)
    return any(isinstance(event, Result) and event.exit != EXIT_OK for event in told)


def is_running(folder: Path) -> bool:
    """Whether the task's process is alive."""
    try:
        descriptor = os.open(folder / "alive", os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def start_task(folder: Path, work: Callable[[Path], int]) -> None:
    """Start the task in ``folder``, detached: its own session, its own log, nobody's child.

    Args:
        folder: the task's folder, with its ``request.json``.
        work: what its process does, which returns its exit code. It has whatever is imported here already:
            a start of Python with these modules would take 0.2 s. No other thread may run in this process.

    Raises:
        OSError: the disk is full; nothing was started.
    """
    # Made here, where somebody still listens: on a full disk it is refused in words.
    (folder / EVENTS).touch(0o600)
    alive = os.open(folder / "alive", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        # Locked here, before there is a process: a lock belongs to the open file, and the process inherits it.
        fcntl.flock(alive, fcntl.LOCK_EX)
        child = os.fork()
        if child == 0:
            _become_task(folder, work, alive)
        os.waitpid(child, 0)
    finally:
        os.close(alive)


def follow_task(folder: Path, gone: Callable[[], bool], start: int = 0) -> Iterator[Frame]:
    """Hand over a task's events from number ``start`` on, until its result; a dead task gets one from here.

    Ends without a result only when the reader is ``gone``.
    """
    frame: Frame = {}
    for frame in follow_events(folder / EVENTS, alive=lambda: is_running(folder), gone=gone, start=start):
        yield frame
    if kind_of(frame) != Result.kind and not is_running(folder):
        yield render_event(_died(folder))


def prune_tasks(paths: Paths, keep: str) -> None:
    """Remove old tasks: never one that runs, never ``keep``, never one of the last day."""
    for task in list_tasks(paths)[_KEPT_TASKS:]:
        folder = paths.task(task)
        if task != keep and not is_running(folder) and time.time() - folder.stat().st_mtime > _DAY:
            shutil.rmtree(folder, ignore_errors=True)


def _died(folder: Path) -> Result:
    from .hide import VaultMask

    log, home = folder / "log", folder.parent.parent
    lines = log.read_text(errors="replace").splitlines()[-20:] if log.exists() else []
    return failed_result(
        AgentError(
            f"the task {folder.name} ended without a result",
            why="its process was killed, or the host was restarted",
            fix="run the same command again: it repairs what was left, then goes on",
            details=tuple(map(VaultMask(Paths(home.parent, home.name)).text, lines)),
        )
    )


def _become_task(folder: Path, work: Callable[[Path], int], alive: int) -> NoReturn:
    """In the forked child: leave the session, fork again, and work. Never returns."""
    code = 127
    try:
        os.setsid()
        if os.fork():
            os._exit(0)
        log = os.open(folder / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        nothing = os.open(os.devnull, os.O_RDONLY)
        for source, target in ((nothing, 0), (log, 1), (log, 2), (alive, _ALIVE_DESCRIPTOR)):
            os.dup2(source, target, inheritable=True)
        os.closerange(_ALIVE_DESCRIPTOR + 1, 1024)
        os.chdir("/")
        code = work(folder)
    except BaseException:  # noqa: BLE001 - whatever it was, the door's own code must not go on in two processes
        traceback.print_exc()
    finally:
        # The lock goes with the process, and the door tells.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
