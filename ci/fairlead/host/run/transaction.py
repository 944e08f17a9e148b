"""Run the phases of one deploy or rollback, each journaled before it begins."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Optional

from ..disk.fold import fold_records
from ..disk.journal import BEGIN, PHASE
from ..disk.ledger import DEPLOY, Transaction
from ..disk.routes import read_live, switch_back
from ..disk.task import read_request
from ..watch.traffic import Recorder
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
from ..wire.phases import COMMIT, COMMITTED, PLATFORM
from ..wire.result import PhaseTime, Result
from .context import Context, Outcome
from .phases.platform import touched_services
from .recover import end_transaction, revert
from .serving import require_served
from .table import PHASES, Phase


class Timeline:
    """Tell of each phase as it begins and ends, and remember how long it took."""

    def __init__(self, context_emit: Any) -> None:
        self._emit = context_emit
        self._began = 0.0
        self._under_way = ""
        self.times: list[PhaseTime] = []

    def begin(self, name: str) -> None:
        self._began, self._under_way = time.monotonic(), name
        self._emit(
            {"event": "phase", "phase": name, "state": "begin", "at": round(time.time(), 3), "detail": ""}
        )

    def end(self, name: str, state: str, detail: str) -> None:
        """``state`` is ``done``, ``skipped`` or ``failed``; one that was stopped before it began took no time."""
        took = time.monotonic() - self._began if name == self._under_way else 0.0
        self.times.append(PhaseTime(name, state, took))
        self._emit(
            {
                "event": "phase",
                "phase": name,
                "state": state,
                "at": round(time.time(), 3),
                "seconds": round(took, 3),
                "detail": detail,
            }
        )


def begin_transaction(context: Context) -> Context:
    """Write the first record: from here on the next command finishes or undoes what this one leaves."""
    release, fleet = context.target.release, context.options.fleet
    told: dict[str, Any] = {"hosts": list(fleet.hosts)} if fleet is not None else {}
    told.update({"reason": context.options.reason} if context.options.reason else {})
    # By whom is the client's word; the key is what the door saw.
    key = read_request(context.paths.task(context.task)).get("key")
    told.update({"key": str(key)} if key else {})
    record = context.host.journal.append(
        BEGIN,
        kind=context.plan.kind,
        release=context.target.id,
        previous=context.plan.previous,
        task=context.task,
        by=context.by,
        revision=release.revision,
        revision_time=release.revision_time,
        **told,
        **_rotated(context),
    )
    context.host.emit(
        {
            "event": "task",
            "task": context.task,
            "release": context.target.id,
            "previous": context.plan.previous,
        }
    )
    return replace(context, number=record.seq)


def _rotated(context: Context) -> dict[str, Any]:
    rotations = context.plan.rotations
    return {"secrets": {name: one.to_json() for name, one in rotations.items()}} if rotations else {}


def run_transaction(context: Context, timeline: Timeline, tell: Callable[[Result], None]) -> Result:
    """Run all phases. The first one, ``prepare``, has begun on the timeline already: it includes the lock.

    Raises nothing that can be told: what goes wrong is undone and becomes the result.

    Args:
        tell: called with the result when nobody has to wait for the phases that are left.
    """
    context.recorder = Recorder(context.paths)
    with context.recorder.recording():
        return _run_phases(context, timeline, tell)


def _run_phases(context: Context, timeline: Timeline, tell: Callable[[Result], None]) -> Result:
    result: Optional[Result] = None
    for phase in PHASES:
        if context.plan.kind not in phase.kinds or (phase.facts.holds and context.options.fleet is None):
            continue
        if context.plan.kind in phase.after_result and result is None:
            result = _live(context, timeline)
            # What is told after it is kept with the task, and followed by nobody.
            tell(result)
        try:
            _run_phase(context, phase, timeline)
        except DoubtFault as doubt:
            timeline.end(phase.name, "failed", doubt.what)
            return _leave_in_doubt(context, timeline, doubt)
        except (AgentError, OSError) as error:
            fault = as_fault(error)
            if phase.facts is COMMIT and context.options.fleet is not None:
                # The other hosts commit now: to go back here is what nobody may do any more.
                timeline.end(phase.name, "failed", fault.what)
                return _result(context, timeline, fault)
            if phase.facts.stage != COMMITTED:
                timeline.end(phase.name, "failed", fault.what)
                return _undo(context, timeline, fault)
            _run_late(context, phase, timeline, fault)
    return _finish(context, timeline, result)


def _run_phase(context: Context, phase: Phase, timeline: Timeline) -> None:
    context.host.begin_phase(phase.name, phase.within(context.target.release.start_timeout))
    if phase.facts.stage != COMMITTED and phase.facts is not COMMIT:
        context.heed()
    told: dict[str, Any] = {"updated": touched_services(context)} if phase.facts is PLATFORM else {}
    context.host.journal.append(PHASE, tx=context.number, phase=phase.name, **told)
    if phase is not PHASES[0]:
        timeline.begin(phase.name)
    outcome: Outcome = phase.run(context)
    timeline.end(phase.name, "skipped" if outcome.skipped else "done", outcome.detail)


def _run_late(context: Context, phase: Phase, timeline: Timeline, fault: AgentError) -> None:
    """There is no way back any more: once again, should it have been the engine's restart; else it is a warning."""
    context.host.begin_phase(phase.name)
    try:
        if isinstance(fault, EngineFault):
            context.engine.wait_ready()
            context.host.list_containers()
            outcome = phase.run(context)
            timeline.end(phase.name, "done", outcome.detail)
            return
    except (AgentError, OSError) as error:
        fault = as_fault(error)
    timeline.end(phase.name, "failed", fault.what)
    context.host.warn(f"{phase.name}: {fault.what}{': ' if fault.why else ''}{fault.why}")


def _finish(context: Context, timeline: Timeline, told: Optional[Result]) -> Result:
    phases = [one.to_json() for one in timeline.times]
    _end(context, _own(context), "live", phases=phases)
    return told or _live(context, timeline)


def _live(context: Context, timeline: Timeline) -> Result:
    """It is live; with an error where its users do not get it, so that nobody takes it for served."""
    try:
        require_served(context)
    except (AgentError, OSError) as error:
        return _result(context, timeline, as_fault(error), status="live")
    return _result(context, timeline)


def _leave_in_doubt(context: Context, timeline: Timeline, doubt: DoubtFault) -> Result:
    """What served before serves again, and nothing is removed: the transaction ends when somebody knows how."""
    try:
        switch_back(context.paths, context.plan.previous)
    except OSError as error:
        return _result(context, timeline, as_fault(error))
    return _result(context, timeline, doubt, status="reverted")


def _result(
    context: Context, timeline: Timeline, fault: Optional[AgentError] = None, *, status: str = "failed"
) -> Result:
    """It serves; or, with a fault, it is not over, and the next command ends it, unless ``status`` says otherwise."""
    return Result(
        "live" if fault is None else status,
        EXIT_OK if fault is None else fault.exit_code,
        error=fault.to_json() if fault is not None else None,
        release=context.target.id,
        serving=read_live(context.paths),
        previous=context.plan.previous,
        phases=tuple(timeline.times),
        data=_told(context),
    )


def _told(context: Context) -> dict[str, object]:
    watch = {"watch": context.verdict.to_json()} if context.verdict is not None else {}
    return {**watch, **({"unasked": list(context.unasked)} if context.unasked else {})}


def _undo(context: Context, timeline: Timeline, fault: AgentError) -> Result:
    """Back to what was, and say so; when that fails too, say that loudest."""
    # The time of the phase that failed is not the time to undo it.
    context.host.begin_phase(context.host.phase)
    with contextlib.suppress(AgentError, OSError):
        # What is taken back may not be started meanwhile.
        context.await_started()
    own = _own(context)
    _warn_of_schema(context)
    status = "refused" if context.plan.kind == DEPLOY and not own.may_have_served else "reverted"
    exit_code = fault.exit_code if isinstance(fault, InputFault) else EXIT_ROLLED_BACK
    try:
        revert(context.host, own)
        phases = [one.to_json() for one in timeline.times]
        _end(context, own, status, phases=phases, error=fault.to_json())
    except (AgentError, OSError) as error:
        fault = _unreverted(context, fault, as_fault(error))
        status, exit_code = "failed", fault.exit_code
    return Result(
        status,
        exit_code,
        release=context.target.id,
        serving=read_live(context.paths),
        previous=context.plan.previous,
        phases=tuple(timeline.times),
        error=fault.to_json(),
        data=_told(context),
    )


def _end(context: Context, own: Transaction, status: str, **told: Any) -> None:
    """Write the last record; what happened has happened, whether there is room to write it down or not."""
    try:
        end_transaction(context.host, own, status, **told)
    except OSError as error:
        context.host.warn(f"how it ended cannot be written down: {error}; the next command does it")


def _warn_of_schema(context: Context) -> None:
    """What serves again lives with data that were changed for good meanwhile: somebody should know."""
    jobs = fold_records(context.host.journal.records).irreversible_since(context.plan.previous or "")
    for run in jobs:
        if run.release == context.target.id:
            context.host.warn(
                f"the irreversible job {run.service} has run: see whether {context.plan.previous or 'the app'} "
                "works with the data as they are now"
            )


def _unreverted(context: Context, first: AgentError, second: AgentError) -> AgentError:
    return RevertFault(
        f"{first.what}, and it could not be undone: {second.what}",
        why=second.why or first.why,
        fix=f"`fairlead repair`, or on the host `{context.paths.launcher} repair`",
        details=(*first.details, *second.details),
        service=first.service,
    )


def _own(context: Context) -> Transaction:
    """This transaction as the journal has it: undoing goes by the same record that recovery would go by."""
    left: Optional[Transaction] = fold_records(context.host.journal.records).unfinished
    if left is None:
        raise RevertFault("the journal does not know of the transaction under way")
    return left
