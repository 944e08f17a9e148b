"""The request that takes an app out of service, or back, and sees that users get what it says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Optional

from ..disk.paths import Paths
from ..engine.engine import Engine
from ..run.serving import ask_public
from ..state.maintenance import Maintenance, end_maintenance, read_maintenance, start_maintenance
from ..state.state import State, read_state
from ..watch.probe import Answer
from ..watch.questions import Question, plan_public
from ..wire.answer import render_answer
from ..wire.calls import Maintain
from ..wire.contract import parse_whole
from ..wire.errors import AgentError
from ..wire.events import render_event
from ..wire.frames import Frame
from ..wire.page import parse_page
from ..wire.replies import MaintenanceAnswer
from ..wire.restriction import Restriction
from ..wire.result import Result
from .answers import parse_deployed_app

_UNAVAILABLE = 503
_WITHIN = 5.0
_TRIES = 2
"""One bad answer may be chance."""


def answer_maintenance(root: Path, frame: Frame, restriction: Restriction) -> Iterator[Frame]:
    """Show everybody a page, or let them in again.

    Raises:
        InputFault: it cannot be asked for like this.
        AgentError: users would go on seeing the app.
    """
    paths, call = parse_deployed_app(root, frame, restriction), parse_whole(Maintain, frame)
    wanted = parse_page(call.page, call.retry_after, call.look)
    engine = Engine.connect()
    if not call.on:
        yield render_event(Result("ok", data=render_answer(let_in(paths, engine, call.by, restriction.key))))
        return
    before = read_maintenance(paths)
    shown = start_maintenance(paths, wanted, call.by, restriction.key)
    answer = see(paths, engine, shown, is_new=before is None)
    yield render_event(Result("ok", data=render_answer(answer)))


def let_in(paths: Paths, engine: Engine, by: str, key: str = "") -> MaintenanceAnswer:
    """End the maintenance; what is wrong with what users get from now on."""
    before = end_maintenance(paths, by, key)
    state = read_state(paths, engine)
    asked = len(_questions(state))
    unserved = _why_nobody(state) or ask_public(paths, state, engine)
    return MaintenanceAnswer(was_on=before is not None, asked=asked, unserved=tuple(unserved))


def see(paths: Paths, engine: Engine, maintenance: Maintenance, *, is_new: bool) -> MaintenanceAnswer:
    """Ask as users do whether the page is there.

    Raises:
        AgentError: they are served by the app; what was new is taken back.
    """
    state = read_state(paths, engine)
    passed, unseen = ask_for_page(state, maintenance)
    if passed:
        if is_new:
            end_maintenance(paths, maintenance.by, maintenance.key)
        raise AgentError(
            f"users do not see the page: {passed[0]}",
            why="the proxy is one of an older Fairlead, or one of your own that answers there without `import switch`",
            fix="deploy once, or say `import fairlead-maintenance NAME` in the site of your Caddyfile (docs/proxy.md); "
            + ("nothing was changed" if is_new else "the page stays where it is seen"),
            details=tuple(passed),
        )
    asked = len(_questions(state))
    return MaintenanceAnswer(
        on=True,
        since=maintenance.since,
        by=maintenance.by,
        key=maintenance.key,
        retry_after=maintenance.retry_after,
        own_page=maintenance.own_page,
        look=maintenance.look,
        asked=asked,
        unseen=tuple(unseen),
    )


def ask_for_page(state: State, maintenance: Maintenance) -> tuple[list[str], list[str]]:
    """Where the app answers instead of the page, and where nobody answers at all, in words."""
    nobody = _why_nobody(state)
    found = [(one, _fault(one, maintenance)) for one in _questions(state)]
    faults = [(fault[0], f"{one.about}: {fault[1]}") for one, fault in found if fault is not None]
    return (
        [text for served, text in faults if served],
        [*nobody, *(text for served, text in faults if not served)],
    )


def _why_nobody(state: State) -> list[str]:
    """Why nobody can be answered at all, in words."""
    if state.live is None:
        return ["no release serves"]
    return [] if state.proxy is not None else ["the proxy does not run"]


def _questions(state: State) -> list[Question]:
    """What users ask, each address once; none where nothing is known to be public."""
    if state.live is None or state.proxy is None:
        return []
    return list({one.target: one for one in map(_front_page, plan_public(state.live, state.proxy))}.values())


def _front_page(question: Question) -> Question:
    """The same address; paths of health checks are answered as ever."""
    about = question.about.removesuffix(question.target.path)
    return replace(question, about=about, target=replace(question.target, path="/"))


def _fault(question: Question, maintenance: Maintenance) -> Optional[tuple[bool, str]]:
    """Whether somebody else answers, and what is wrong; None where it is the page."""
    answer = Answer(0)
    for _ in range(_TRIES):
        answer = question.ask(timeout=_WITHIN)
        if answer.status == _UNAVAILABLE and answer.headers.get("retry-after") == str(
            maintenance.retry_after
        ):
            return None
    return bool(answer.status), f"answered {answer.status}" if answer.status else answer.error
