"""Whether what serves does serve, asked as users ask: for who says so, and for who wants to know."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor

from .containers import UNHEALTHY, Container
from .context import Context
from .errors import AgentError
from .questions import Question, plan_public
from .state import State

_AT_ONCE = 8
_WITHIN = 5.0
_TRIES = 2
"""One bad answer may be chance."""


def ask_public(state: State) -> list[str]:
    """What is wrong with the answers that users get from the release that serves, in words.

    A certificate that may not have been issued yet is no fault, nor is a path that somebody has drained.
    """
    if state.live is None or state.proxy is None:
        return []
    drained = set(state.drained or ())
    questions = [one for one in plan_public(state.live, state.proxy) if one.target.path not in drained]
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        return [fault for fault in pool.map(_ask, questions) if fault]


def require_serving(context: Context) -> None:
    """See that the release that serves, for which there is nothing to change, does serve.

    Raises:
        AgentError: it does not.
    """
    state = context.state
    live = state.live
    if live is None:
        return
    faults = [*find_sick(live.release.platform, state.containers), *ask_public(state)]
    if faults:
        raise AgentError(
            f"release {live.id} is this very one, and does not serve: {faults[0]}",
            fix="`fairlead logs` shows why; `fairlead rollback` goes to the release before, "
            "and a new commit is deployed beside this one",
            details=tuple(faults),
        )


def find_sick(names: Collection[str], containers: Sequence[Container]) -> list[str]:
    """The containers of the platform that are started over and over, or whose health check fails. Pure."""
    own = [one for one in containers if not one.release and not one.oneoff and one.service in names]
    return [
        f"{one.name} {'is restarted over and over' if one.restarting else 'is unhealthy'}"
        for one in own
        if one.restarting or one.health == UNHEALTHY
    ]


def _ask(question: Question) -> str:
    fault = ""
    for _ in range(_TRIES):
        answer = question.ask(timeout=max(question.within, _WITHIN))
        fault = question.fault(answer)
        if not fault or answer.tls:
            return ""
    return f"{question.about} {fault}"
