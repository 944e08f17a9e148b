"""The commands that change something: deploy, rotation, rollback, repair. Each takes the lock and repairs first."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Optional

from ..disk.credentials import drop_credentials
from ..disk.fold import fold_records
from ..disk.journal import Journal
from ..disk.layout import make_layout
from ..disk.ledger import DEPLOY, ROLLBACK
from ..disk.lock import Holder, hold_lock
from ..disk.orders import raise_if_stopped
from ..disk.paths import Paths
from ..disk.routes import read_live
from ..engine.engine import Engine
from ..plan.decide import Decision, decide_deploy, decide_rollback, decide_rotation
from ..plan.plan import Plan
from ..plan.trespass import refuse_trespass
from ..shape.bundle import Bundle
from ..state.maintenance import KIND, read_maintenance
from ..state.ownership import require_owner
from ..state.state import State
from ..wire.answer import render_answer
from ..wire.errors import EXIT_OK, AgentError, as_fault
from ..wire.events import INFO, WARNING, NoteEvent
from ..wire.owner import Owner
from ..wire.phases import PREPARE
from ..wire.request import DeployRequest, Options, RollbackRequest, RotationRequest
from ..wire.result import FAILED, Emit, Result, failed_result
from ..wire.text import maintenance_sentence
from .announce import announce
from .context import Deploy, Host, Request
from .phases.leading import lead_as_it_serves
from .recover import recover
from .removal import finish_removal
from .repair import put_edge_in_order, put_in_order
from .restore import find_stopped, start_stopped
from .serving import require_serving
from .tidy import tidy_images
from .transaction import Timeline, begin_transaction, run_transaction


def run_deploy(paths: Paths, request: DeployRequest, emit: Emit, engine: Optional[Engine] = None) -> Result:
    """Deploy a release: it serves when this returns, or what served before does.

    Emits everything, the ``result`` last; then tells the board, and returns. Raises nothing that can be told.
    """

    def decide(host: Host) -> Decision:
        return decide_deploy(paths, host.engine, request.release, request.options, request.signature)

    what = f"deploy of {request.release.revision[:12]}"
    return _change(paths, request, emit, engine, what=what, kind=DEPLOY, decide=decide)


def run_rotation(
    paths: Paths, request: RotationRequest, emit: Emit, engine: Optional[Engine] = None
) -> Result:
    """Give secrets new values: a release like the one that serves, its readers restarted. Emits as ``run_deploy``."""

    def decide(host: Host) -> Decision:
        return decide_rotation(paths, host.engine, request.secrets, request.options)

    what = f"new value of {', '.join(sorted(request.secrets))}"
    return _change(paths, request, emit, engine, what=what, kind=DEPLOY, decide=decide)


def run_rollback(
    paths: Paths, request: RollbackRequest, emit: Emit, engine: Optional[Engine] = None
) -> Result:
    """Go back to a release that has served, images and configuration together. Emits and returns as ``run_deploy``."""

    def decide(host: Host) -> Decision:
        ledger = fold_records(host.journal.records)
        return decide_rollback(paths, host.engine, ledger, request)

    what = f"rollback to {request.to or 'the release before'}"
    return _change(paths, request, emit, engine, what=what, kind=ROLLBACK, decide=decide)


def _change(
    paths: Paths,
    request: Request,
    emit: Emit,
    engine: Optional[Engine],
    *,
    what: str,
    kind: str,
    decide: Callable[[Host], Decision],
) -> Result:
    """Decide under the lock and carry it out; ``what`` is told to whoever waits for the lock."""
    timeline = Timeline(emit)
    timeline.begin(PREPARE.name)
    result = Result(FAILED)
    reply = _Reply(paths, emit)
    bundle: Optional[Bundle] = None
    try:
        who = (request.task, request.by, request.options, request.claim)
        with _under_lock(paths, emit, engine, what, *who) as host:
            state, plan, bundle = _decide(host, kind, decide)
            result = _conduct(Deploy(host, request, state, plan, bundle), timeline, reply)
    except (AgentError, OSError) as error:
        result = _refused(paths, timeline, error)
    finally:
        drop_credentials(request.credentials)
    return _conclude(paths, engine, reply, result, bundle, request.by, kind)


def run_repair(
    paths: Paths,
    emit: Emit,
    *,
    by: str = "",
    claim: Optional[Owner] = None,
    decision: Optional[str] = None,
    engine: Optional[Engine] = None,
) -> Result:
    """Finish or undo what a dead agent left, and start what should serve and does not. Emits its ``result``.

    ``decision`` is ``finish`` or ``revert`` where other hosts were asked what became of the transaction.
    """
    try:
        task = f"repair-{os.getpid()}"
        with _under_lock(paths, emit, engine, "repair", task, by, Options(), claim, repair=False) as host:
            done = put_in_order(host, decision)
        from ..wire.replies import RepairAnswer

        answer = RepairAnswer(tuple(done) or ("everything is in order",))
        result = Result("ok", serving=read_live(paths), data=render_answer(answer))
    except (AgentError, OSError) as error:
        result = _refused(paths, None, error)
    emit(result)
    if result.status == "ok":
        tidy_images(paths, engine or Engine.connect())
    return result


def _decide(host: Host, kind: str, decide: Callable[[Host], Decision]) -> Decision:
    """What it comes to. What should serve and is stopped is started before a deploy, which may well be refused."""
    decision = decide(host)
    refuse_trespass(host.paths, host.engine, decision[2].release)
    state = decision[0]
    if kind != DEPLOY or not find_stopped(state.live, state.containers):
        return decision
    start_stopped(host, state.live, state.containers)
    return decide(host)


@contextlib.contextmanager
def _under_lock(
    paths: Paths,
    emit: Emit,
    engine: Optional[Engine],
    what: str,
    task: str,
    by: str,
    options: Options,
    claim: Optional[Owner],
    *,
    repair: bool = True,
) -> Iterator[Host]:
    """The app, locked, its journal open, nothing left unfinished.

    Raises:
        InputFault: it is not the app of ``claim`` any more.
    """
    engine = engine or Engine.connect()
    make_layout(paths)

    def tell(text: str) -> None:
        emit(NoteEvent(INFO, text, PREPARE.name))

    holder = Holder(what=what, by=by, task=task, pid=os.getpid(), since=round(time.time(), 3))
    stopped = partial(raise_if_stopped, paths.task(task))
    with hold_lock(paths.lock, holder, wait=options.lock_wait, on_wait=tell, checkpoint=stopped) as handle:
        engine.hand_down = (handle,)
        try:
            if claim is not None:
                require_owner(paths, claim)
            gone = _finish_removal(paths, engine, emit)
            with Journal(paths.journal) as journal:
                host = Host(paths, engine, journal, emit)
                if gone:
                    host.note(f"the removal of {paths.app} had been cut short: finished first")
                if repair:
                    recover(host)
                    for done in put_edge_in_order(host):
                        host.note(done)
                yield host
        finally:
            engine.hand_down = ()


def _finish_removal(paths: Paths, engine: Engine, emit: Emit) -> bool:
    """Finish the removal that a dead agent left; False where there is none."""
    if not paths.removing.exists():
        return False
    with Journal(paths.journal) as journal:
        finish_removal(Host(paths, engine, journal, emit))
    make_layout(paths)
    return True


class _Reply:
    """The result goes out once, by whoever has it first; ``result`` is what the caller was told.

    In a maintenance what serves is seen by nobody yet, and that is told with it.
    """

    def __init__(self, paths: Paths, emit: Emit) -> None:
        self._paths = paths
        self.emit = emit
        self.result: Optional[Result] = None

    def __call__(self, result: Result) -> None:
        if self.result is None:
            self.result = result
            shown = read_maintenance(self._paths)
            if shown is not None:
                page = render_answer(shown.shown)
                text = maintenance_sentence(shown.shown)
                self.emit(NoteEvent(WARNING, text))
                self.result = replace(result, data={**result.data, KIND: page})
            self.emit(self.result)


def _conduct(deploy: Deploy, timeline: Timeline, reply: _Reply) -> Result:
    plan = deploy.plan
    for refusal in plan.refusals:
        raise refusal.to_fault()
    if plan.unchanged:
        lead_as_it_serves(deploy.host)
        require_serving(deploy)
        timeline.end(PREPARE.name, "done", "nothing to change")
        return _unchanged(plan, deploy.state, timeline)
    begin_transaction(deploy)
    return run_transaction(deploy, timeline, reply)


def _unchanged(plan: Plan, state: State, timeline: Timeline) -> Result:
    return Result(
        "unchanged",
        EXIT_OK,
        release=state.serving,
        serving=state.serving,
        previous=state.previous,
        phases=tuple(timeline.times),
        data={"plan": render_answer(plan.answer)},
    )


def _refused(paths: Paths, timeline: Optional[Timeline], error: Exception) -> Result:
    """The result of what ended before a transaction began: nothing was touched."""
    fault = as_fault(error)
    if timeline is not None and not timeline.times:
        timeline.end(PREPARE.name, "failed", fault.what)
    times = tuple(timeline.times) if timeline else ()
    return failed_result(fault, serving=read_live(paths), phases=times)


def _conclude(
    paths: Paths,
    engine: Optional[Engine],
    reply: _Reply,
    result: Result,
    bundle: Optional[Bundle],
    by: str,
    kind: str,
) -> Result:
    """The result first, for the user waits for it; then the board and the images, which nobody waits for."""
    reply(result)
    result = reply.result or result
    if bundle is not None and result.release is not None and result.status != "unchanged":
        with contextlib.suppress(AgentError):
            engine = engine or Engine.connect()
            if bundle.release.events is not None:
                announce(paths, engine, reply.emit, result, bundle, by, kind)
            tidy_images(paths, engine)
    return result
