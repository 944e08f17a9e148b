"""What the process of a task does: carry out the request in its folder, whatever happens, and say how it ended."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ..disk import atomic
from ..disk.credentials import drop_credentials
from ..disk.events import EVENTS, Emitter
from ..disk.hide import VaultMask, login_values, remember
from ..disk.paths import Paths, app_paths
from ..disk.record import write_finished
from ..disk.task import credentials_of, prune_tasks, read_request
from ..wire.errors import AgentError, InputFault, as_fault
from ..wire.events import render_event, salvage_event
from ..wire.result import Result, failed_result
from . import console

_KEPT_AGENTS = 5
_READ_SECONDS = 1.0
_DAY = 24 * 3600.0


def run_task(folder: Path, agent: Sequence[str]) -> int:
    """Do what the folder's request says, to its end; return the exit code of its result.

    Raises nothing: what goes wrong becomes the ``result`` event, a traceback goes to the task's log only.
    """
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    # Routes and config files are read by containers whose users are others than ours.
    os.umask(0o022)
    paths = app_paths(folder.parent.parent.parent, folder.parent.parent.name)
    request = read_request(folder)
    try:
        remember(login_values(credentials_of(request)))
        hide = VaultMask(paths).document
        emit = Emitter(folder / EVENTS, hide)
    except OSError as error:
        # Nobody can be told anything: nothing is begun. Whoever follows hears that the task has ended.
        console.say(as_fault(error).what, error=True)
        drop_credentials(credentials_of(request))
        return AgentError.exit_code
    try:
        with contextlib.suppress(OSError):
            # For 3 a.m.; the one of the last deploy does as well.
            write_launcher(paths, agent)
        result = _run(paths, folder, request, emit)
    except AgentError as error:
        result = failed_result(error)
    except Exception as error:  # noqa: BLE001 - the boundary: a client must hear of every end
        traceback.print_exc()
        result = failed_result(_unexpected(error, folder))
    finally:
        drop_credentials(credentials_of(request))
    if not emit.ended:
        emit(result)
    emit.close()
    write_finished(request, folder.name, _hidden(result, hide))
    if request.get("kind") in ("remove", "repair") and not paths.journal.exists():
        # The app is gone, and with it the place of the events: whoever follows them reads the last one first.
        from ..run.removal import leave_nothing

        time.sleep(_READ_SECONDS)
        leave_nothing(paths, folder.name)
        return result.exit
    if paths.journal.exists():
        _schedule_expiry(paths, folder, agent)
    with contextlib.suppress(OSError):
        prune_tasks(paths, keep=folder.name)
        prune_agents(paths.root / "agents", keep=Path(agent[-1]).name)
    return result.exit


def write_launcher(paths: Paths, agent: Sequence[str]) -> None:
    """Write the command for 3 a.m., ``<root>/<app>/fairlead``, so that it runs this very agent."""
    words = " ".join(_quoted(word) for word in agent)
    root = _quoted(str(paths.root))
    text = (
        "#!/bin/sh\n"
        f"# For 3 a.m., written by each deploy: {paths.launcher} status | history | logs | rollback | repair\n"
        f'FAIRLEAD_ROOT={root} exec {words} --app {paths.app} "$@"\n'
    )
    if not paths.launcher.exists() or paths.launcher.read_text() != text:
        atomic.write_file(paths.launcher, text.encode(), 0o700)


def prune_agents(folder: Path, keep: str) -> None:
    """Remove agents that nobody has used for a day, but for the last few: launchers of other apps name them."""
    used = {path.read_text() for path in folder.parent.glob("*/fairlead") if path.is_file()}
    agents = sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
    for agent in agents[_KEPT_AGENTS:]:
        named = agent.name == keep or any(agent.name in text for text in used)
        if not named and time.time() - agent.stat().st_mtime > _DAY:
            shutil.rmtree(agent, ignore_errors=True)


def _run(paths: Paths, folder: Path, request: Mapping[str, Any], emit: Emitter) -> Result:
    # Imported here: the door uses this package too, and answers sooner without the transaction.
    from ..run.deploy import run_deploy, run_repair, run_rollback, run_rotation
    from ..run.removal import run_remove
    from ..wire.request import (
        parse_claim,
        parse_decision,
        parse_deploy_request,
        parse_rollback_request,
        parse_rotation_request,
    )

    credentials = credentials_of(request)
    kind = request.get("kind")
    if kind == "deploy":
        return run_deploy(paths, parse_deploy_request(request, folder / "blobs", credentials), emit)
    if kind == "rollback":
        return run_rollback(paths, parse_rollback_request(request, credentials), emit)
    if kind == "remove" or (kind == "repair" and paths.removing.exists()):
        by, key = str(request.get("by", "")), str(request.get("key", ""))
        volumes = request.get("volumes") is True
        claim = parse_claim(request)
        return run_remove(paths, emit, task=folder.name, by=by, key=key, claim=claim, volumes=volumes)
    if kind == "rotate":
        return run_rotation(paths, parse_rotation_request(request), emit)
    if kind == "repair":
        by, claim = str(request.get("by", "")), parse_claim(request)
        return run_repair(paths, emit, by=by, claim=claim, decision=parse_decision(request))
    raise InputFault(f"the request of task {folder.name} cannot be read", fix="send it again")


def _schedule_expiry(paths: Paths, folder: Path, agent: Sequence[str]) -> None:
    """Nobody listens any more: what goes wrong is for the task's log, and the next command retires what stands by."""
    from ..engine.engine import Engine
    from ..run.expiry import schedule_expiry

    try:
        schedule_expiry(paths, agent, folder / "log", Engine.connect())
    except (AgentError, OSError) as error:
        console.say(as_fault(error).what, error=True)


def _hidden(result: Result, hide: Callable[[Any], Any]) -> Result:
    hidden = salvage_event(hide(render_event(result)))
    assert isinstance(hidden, Result)
    return hidden


def _unexpected(error: Exception, folder: Path) -> AgentError:
    return AgentError(
        f"the agent failed: {type(error).__name__}: {error}",
        why="this is a fault of Fairlead's agent, not of the release",
        fix=f"`fairlead repair` on the host puts things in order; please report it with {folder}/log",
    )


def _quoted(word: str) -> str:
    return "'" + word.replace("'", "'\\''") + "'"
