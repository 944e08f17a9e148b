"""The requests that only read: each takes the request and gives its answer."""

from __future__ import annotations

import getpass
import platform
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..disk import task
from ..disk.orders import attended_at
from ..disk.paths import Paths, app_paths, list_apps
from ..wire.contract import parse_whole, read_text
from ..wire.errors import InputFault
from ..wire.fleet import GONE_SECONDS
from ..wire.frames import Frame
from ..wire.names import PROTOCOL
from ..wire.restriction import Restriction

if TYPE_CHECKING:
    from ..wire.planned import PlanAnswer
    from ..wire.replies import CheckAnswer, HelloAnswer, OrderAnswer
    from ..wire.status import HistoryAnswer, RunningTask, StateAnswer

Answering = Callable[[Path, Frame, Restriction], Any]
"""Gives one of the dataclasses of ``wire``."""


def answer_hello(root: Path, _frame: Frame, restriction: Restriction) -> HelloAnswer:
    """Who answers: versions, user, host, the apps that are there."""
    from ..wire.replies import HelloAnswer

    return HelloAnswer(
        protocol=PROTOCOL,
        python=platform.python_version(),
        user=getpass.getuser(),
        hostname=socket.gethostname(),
        root=str(root),
        apps=tuple(app for app in list_apps(root) if restriction.sees(app)),
        time=time.time(),
    )


def answer_check(root: Path, frame: Frame, restriction: Restriction) -> CheckAnswer:
    """What the host lacks."""
    now = time.time()
    # Imported after the clock was read: that takes time, too.
    from ..wire.calls import Check
    from ..wire.replies import CheckAnswer
    from .check import run_checks

    client = parse_whole(Check, frame).time
    ahead = now - client if client is not None else None

    return CheckAnswer(tuple(run_checks(root, ahead, restriction.sees)))


def answer_state(root: Path, frame: Frame, restriction: Restriction) -> StateAnswer:
    """What serves, and the tasks that are under way."""
    from ..engine.engine import Engine
    from ..state.shown import answer_of, with_digests
    from ..state.state import read_state
    from ..wire.calls import AskState

    paths, call = parse_app(root, frame), parse_whole(AskState, frame)
    engine = Engine.connect()
    state = read_state(paths, engine)
    answer = replace(answer_of(paths, state), tasks=_running(paths))
    if call.ask:
        from ..run.serving import ask_public

        answer = replace(answer, unserved=tuple(ask_public(paths, state, engine)))
    if call.digests:
        answer = replace(answer, releases=tuple(with_digests(paths, one) for one in answer.releases))
    if not call.marks or not restriction.brings_secrets:
        return answer
    # For who brings values of secrets: whoever has the key of their names can try values. `status` shows the rest.
    from ..disk.vault import read_marks

    serving = state.live.release.secrets if state.live is not None else {}
    return replace(answer, marks=read_marks(paths, serving))


def answer_plan(root: Path, frame: Frame, restriction: Restriction) -> PlanAnswer:
    """What a deploy of ``release``, new values of ``secrets``, or a rollback to ``to``, would do."""
    from ..disk.fold import fold_records
    from ..disk.journal import read_journal
    from ..engine.engine import Engine
    from ..plan.decide import decide_deploy, decide_rollback, decide_rotation
    from ..plan.foresee import foresee_deploy
    from ..wire.calls import AskPlan
    from ..wire.request import parse_deploy_request, parse_rollback_request, parse_rotation_request

    frame = {**frame, "task": "plan"}
    engine = Engine.connect()
    if "release" in frame:
        request = parse_deploy_request(frame, Path(), None)
        paths = app_paths(root, request.release.app)
        if parse_whole(AskPlan, frame).preflight:
            return foresee_deploy(paths, engine, request)
        decision = decide_deploy(paths, engine, request.release, request.options, request.signature)
        return decision[1].answer
    paths = parse_deployed_app(root, frame, restriction)
    if "secrets" in frame:
        rotation = parse_rotation_request(frame)
        return decide_rotation(paths, engine, rotation.secrets, rotation.options)[1].answer
    rollback = parse_rollback_request(frame, None)
    ledger = fold_records(read_journal(paths.journal))
    return decide_rollback(paths, engine, ledger, rollback)[1].answer


def answer_order(root: Path, frame: Frame, restriction: Restriction) -> OrderAnswer:
    """Tell a task that nobody follows how to go on; ``word`` is what it goes by now.

    Who may not begin such a task may not stop it under its client's hands, either: only when that one is gone.
    """
    from ..disk.orders import hand_on
    from ..wire.replies import OrderAnswer

    folder = parse_task(root, frame)
    if not task.is_running(folder):
        raise InputFault(f"the task {folder.name} has ended", fix="`fairlead history` tells how")
    silent = time.time() - attended_at(folder) / 1e9
    if silent < GONE_SECONDS and not restriction.owns(str(task.read_request(folder).get("kind"))):
        raise InputFault(
            f"the task {folder.name} has a client that follows it",
            why="the key may not begin such a task, and so may not say how it goes on",
            fix=f"wait until nothing was heard of that client for {GONE_SECONDS:g} s, or use a key that may",
        )
    return OrderAnswer(hand_on(folder, frame))


def answer_history(root: Path, frame: Frame, _restriction: Restriction) -> HistoryAnswer:
    """Every deploy and rollback, newest first."""
    from ..state.shown import read_history

    return read_history(parse_app(root, frame))


READING: Mapping[str, Answering] = {
    "hello": answer_hello,
    "check": answer_check,
    "state": answer_state,
    "plan": answer_plan,
    "history": answer_history,
    "order": answer_order,
}


def parse_app(root: Path, frame: Frame) -> Paths:
    """The paths of the app that a request names.

    Raises:
        InputFault: it names none.
    """
    app = frame.get("app")
    if not isinstance(app, str):
        raise InputFault("the request does not say which `app`", fix="say `app` as fairlead.yaml does")
    return app_paths(root, app)


def parse_deployed_app(root: Path, frame: Frame, restriction: Restriction) -> Paths:
    """Like ``parse_app``, and the app is there; a fault names no app that the key may not hear of.

    Raises:
        InputFault: it was never deployed here, or was removed.
    """
    paths = parse_app(root, frame)
    if not paths.journal.exists() and not paths.removing.exists():
        from ..state.removals import explain_removed, find_removed

        removed = find_removed(root, paths.app)
        if removed is not None:
            raise explain_removed(paths.app, removed)
        apps = ", ".join(app for app in list_apps(root) if restriction.sees(app))
        raise InputFault(
            f"the app {paths.app} has never been deployed on this host",
            why=f"there are {apps or 'no apps'} in {root}" if restriction.apps is None or apps else "",
            fix="deploy it first, or check `app` and the environment",
        )
    return paths


def parse_task(root: Path, frame: Frame) -> Path:
    """The folder of the task that a request names, else of the newest one.

    Raises:
        InputFault: there is no such task.
    """
    paths = parse_app(root, frame)
    name = read_text(frame, "task") or next(iter(task.list_tasks(paths)), "")
    if not task.TASK_ID.fullmatch(name) or not paths.task(name).is_dir():
        raise InputFault(
            f"there is no task {name[:60] or 'to attach to'} of the app {paths.app}",
            fix="`fairlead history` tells how deploys ended",
        )
    return paths.task(name)


def _running(paths: Paths) -> tuple[RunningTask, ...]:
    """The tasks under way."""
    from ..wire.status import RunningTask

    return tuple(
        RunningTask(
            task=name,
            kind=str(task.read_request(paths.task(name)).get("kind", "")),
            heard=round(time.time() - attended_at(paths.task(name)) / 1e9, 1),
        )
        for name in task.list_tasks(paths)
        if task.is_running(paths.task(name))
    )
