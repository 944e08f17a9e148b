"""Run the phases of one deploy or rollback, each journaled before it begins."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from typing import Any, Optional

from ..disk.fold import fold_records
from ..disk.journal import BEGIN, PHASE
from ..disk.ledger import DEPLOY, ROLLBACK, Transaction
from ..disk.routes import read_live, switch_back
from ..disk.task import read_request
from ..plan.actions import CARRY, KEEP, SKIP
from ..watch.traffic import TrafficRecorder
from ..wire.answer import render_answer
from ..wire.errors import (
    EXIT_OK,
    EXIT_ROLLED_BACK,
    AgentError,
    DoubtFault,
    EngineFault,
    InputFault,
    RevertFault,
    as_fault,
)
from ..wire.events import BEGUN, PhaseEvent, TaskEvent
from ..wire.phases import COMMIT, COMMITTED, PLATFORM
from ..wire.result import Act, Acted, Emit, PhaseTime, Result, render_error, report_of
from .context import Deploy, Outcome
from .phases.platform import touched_services
from .recover import end_transaction, revert
from .serving import asking_beforehand, require_served
from .table import PHASES, Phase


class Timeline:
    """Tell of each phase as it begins and ends, and remember how long it took."""

    def __init__(self, emit: Emit) -> None:
        self._emit = emit
        self._began = 0.0
        self._under_way = ""
        self.times: list[PhaseTime] = []

    def begin(self, name: str) -> None:
        self._began, self._under_way = time.monotonic(), name
        self._emit(PhaseEvent(name, BEGUN, round(time.time(), 3)))

    def end(self, name: str, state: str, detail: str) -> None:
        """``state`` is ``done``, ``skipped`` or ``failed``; one that was stopped before it began took no time."""
        took = round(time.monotonic() - self._began, 3) if name == self._under_way else 0.0
        self.times.append(PhaseTime(name, state, took))
        self._emit(PhaseEvent(name, state, round(time.time(), 3), took, detail))


def begin_transaction(deploy: Deploy) -> None:
    """Write the first record: from here on the next command finishes or undoes what this one leaves."""
    release, fleet = deploy.target.release, deploy.options.fleet
    facts: dict[str, Any] = {"hosts": list(fleet.hosts)} if fleet is not None else {}
    facts.update({"reason": deploy.options.reason} if deploy.options.reason else {})
    # By whom is the client's word; the key is what the door saw.
    key = read_request(deploy.paths.task(deploy.request.task)).get("key")
    facts.update({"key": str(key)} if key else {})
    record = deploy.host.journal.append(
        BEGIN,
        kind=deploy.plan.kind,
        release=deploy.target.id,
        previous=deploy.plan.previous,
        task=deploy.request.task,
        by=deploy.request.by,
        revision=release.revision,
        revision_time=release.revision_time,
        **facts,
        **_rotated(deploy),
    )
    deploy.host.emit(TaskEvent(deploy.request.task, deploy.target.id, deploy.plan.previous))
    deploy.progress.number = record.seq


def _rotated(deploy: Deploy) -> dict[str, Any]:
    rotations = deploy.plan.rotations
    return {"secrets": {name: one.to_json() for name, one in rotations.items()}} if rotations else {}


def run_transaction(deploy: Deploy, timeline: Timeline, tell: Callable[[Result], None]) -> Result:
    """Run all phases. The first one, ``prepare``, has begun on the timeline already: it includes the lock.

    Raises nothing that can be told: what goes wrong is undone and becomes the result.

    Args:
        tell: called with the result when nobody has to wait for the phases that are left.
    """
    deploy.progress.recorder = recorder = TrafficRecorder(deploy.paths)
    with recorder.recording(), asking_beforehand(deploy):
        return _run_phases(deploy, timeline, tell)


def _run_phases(deploy: Deploy, timeline: Timeline, tell: Callable[[Result], None]) -> Result:
    result: Optional[Result] = None
    for phase in PHASES:
        if deploy.plan.kind not in phase.kinds or (phase.facts.holds and deploy.options.fleet is None):
            continue
        if deploy.plan.kind in phase.after_result and result is None:
            result = _live(deploy, timeline)
            # What is told after it is kept with the task, and followed by nobody.
            tell(result)
        try:
            _run_phase(deploy, phase, timeline)
        except DoubtFault as doubt:
            timeline.end(phase.name, "failed", doubt.what)
            return _leave_in_doubt(deploy, timeline, doubt)
        except (AgentError, OSError) as error:
            fault = as_fault(error)
            if phase.facts is COMMIT and deploy.options.fleet is not None:
                # The other hosts commit now: to go back here is what nobody may do any more.
                timeline.end(phase.name, "failed", fault.what)
                return _result(deploy, timeline, fault)
            if phase.facts.stage != COMMITTED:
                timeline.end(phase.name, "failed", fault.what)
                return _undo(deploy, timeline, fault)
            _run_late(deploy, phase, timeline, fault)
    return _finish(deploy, timeline, result)


def _run_phase(deploy: Deploy, phase: Phase, timeline: Timeline) -> None:
    deploy.host.begin_phase(phase.name, phase.within(deploy.target.release.start_timeout))
    if phase.facts.stage != COMMITTED and phase.facts is not COMMIT:
        deploy.checkpoint()
    facts: dict[str, Any] = {"updated": touched_services(deploy)} if phase.facts is PLATFORM else {}
    deploy.host.journal.append(PHASE, tx=deploy.progress.number, phase=phase.name, **facts)
    if phase is not PHASES[0]:
        timeline.begin(phase.name)
    outcome: Outcome = phase.run(deploy)
    timeline.end(phase.name, "skipped" if outcome.skipped else "done", outcome.detail)


def _run_late(deploy: Deploy, phase: Phase, timeline: Timeline, fault: AgentError) -> None:
    """There is no way back any more: once again, should it have been the engine's restart; else it is a warning."""
    deploy.host.begin_phase(phase.name)
    try:
        if isinstance(fault, EngineFault):
            deploy.engine.wait_ready()
            deploy.host.list_containers()
            outcome = phase.run(deploy)
            timeline.end(phase.name, "done", outcome.detail)
            return
    except (AgentError, OSError) as error:
        fault = as_fault(error)
    timeline.end(phase.name, "failed", fault.what)
    deploy.host.warn(f"{phase.name}: {fault.what}{': ' if fault.why else ''}{fault.why}")


def _finish(deploy: Deploy, timeline: Timeline, sent: Optional[Result]) -> Result:
    phases = [render_answer(one) for one in timeline.times]
    _end(deploy, _own(deploy), "live", phases=phases)
    return sent or _live(deploy, timeline)


def _live(deploy: Deploy, timeline: Timeline) -> Result:
    """It is live; with an error where its users do not get it, so that nobody takes it for served."""
    try:
        require_served(deploy)
    except (AgentError, OSError) as error:
        return _result(deploy, timeline, as_fault(error), status="live")
    return _result(deploy, timeline)


def _leave_in_doubt(deploy: Deploy, timeline: Timeline, doubt: DoubtFault) -> Result:
    """What served before serves again, and nothing is removed: the transaction ends when somebody knows how."""
    try:
        switch_back(deploy.paths, deploy.plan.previous)
    except OSError as error:
        return _result(deploy, timeline, as_fault(error))
    return _result(deploy, timeline, doubt, status="reverted")


def _result(
    deploy: Deploy, timeline: Timeline, fault: Optional[AgentError] = None, *, status: str = "failed"
) -> Result:
    """It serves; or, with a fault, it is not over, and the next command ends it, unless ``status`` says otherwise."""
    return Result(
        "live" if fault is None else status,
        EXIT_OK if fault is None else fault.exit_code,
        error=report_of(fault) if fault is not None else None,
        release=deploy.target.id,
        serving=read_live(deploy.paths),
        previous=deploy.plan.previous,
        phases=tuple(timeline.times),
        data=_data(deploy),
    )


def _data(deploy: Deploy) -> dict[str, object]:
    watch = {"watch": deploy.progress.verdict.to_json()} if deploy.progress.verdict is not None else {}
    unasked = {"unasked": list(deploy.progress.unasked)} if deploy.progress.unasked else {}
    return {**_acted(deploy), **watch, **unasked}


def _acted(deploy: Deploy) -> dict[str, object]:
    """What the plan did to services, and how many it left as they were."""
    actions = [one for one in deploy.plan.actions if one.action not in (CARRY, KEEP, SKIP)]
    # Who goes back has no file at hand that says what images those are.
    is_back = deploy.plan.kind == ROLLBACK
    told = tuple(Act(one.service, one.action, one.reason, one.image if is_back else None) for one in actions)
    return render_answer(Acted(told, len(deploy.plan.actions) - len(told)))


def _undo(deploy: Deploy, timeline: Timeline, fault: AgentError) -> Result:
    """Back to what was, and say so; when that fails too, say that loudest."""
    # The time of the phase that failed is not the time to undo it.
    deploy.host.begin_phase(deploy.host.phase)
    with contextlib.suppress(AgentError, OSError):
        # What is taken back may not be started meanwhile.
        deploy.await_started()
    own = _own(deploy)
    _warn_of_schema(deploy)
    status = "refused" if deploy.plan.kind == DEPLOY and not own.may_have_served else "reverted"
    exit_code = fault.exit_code if isinstance(fault, InputFault) else EXIT_ROLLED_BACK
    try:
        revert(deploy.host, own)
        phases = [render_answer(one) for one in timeline.times]
        _end(deploy, own, status, phases=phases, error=render_error(fault))
    except (AgentError, OSError) as error:
        fault = _unreverted(deploy, fault, as_fault(error))
        status, exit_code = "failed", fault.exit_code
    return Result(
        status,
        exit_code,
        release=deploy.target.id,
        serving=read_live(deploy.paths),
        previous=deploy.plan.previous,
        phases=tuple(timeline.times),
        error=report_of(fault),
        data=_data(deploy),
    )


def _end(deploy: Deploy, own: Transaction, status: str, **facts: Any) -> None:
    """Write the last record; what happened has happened, whether there is room to write it down or not."""
    try:
        end_transaction(deploy.host, own, status, **facts)
    except OSError as error:
        deploy.host.warn(f"how it ended cannot be written down: {error}; the next command does it")


def _warn_of_schema(deploy: Deploy) -> None:
    """What serves again lives with data that were changed for good meanwhile: somebody should know."""
    jobs = fold_records(deploy.host.journal.records).irreversible_since(deploy.plan.previous or "")
    for run in jobs:
        if run.release == deploy.target.id:
            deploy.host.warn(
                f"the irreversible job {run.service} has run: see whether {deploy.plan.previous or 'the app'} "
                "works with the data as they are now"
            )


def _unreverted(deploy: Deploy, first: AgentError, second: AgentError) -> AgentError:
    return RevertFault(
        f"{first.what}, and it could not be undone: {second.what}",
        why=second.why or first.why,
        fix=f"`fairlead repair`, or on the host `{deploy.paths.launcher} repair`",
        details=(*first.details, *second.details),
        service=first.service,
    )


def _own(deploy: Deploy) -> Transaction:
    """This transaction as the journal has it: undoing goes by the same record that recovery would go by."""
    left: Optional[Transaction] = fold_records(deploy.host.journal.records).unfinished
    if left is None:
        raise RevertFault("the journal does not know of the transaction under way")
    return left
