"""Whether what serves does serve, asked as users ask: for who says so, and for who wants to know."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Optional

from ..disk.ledger import ROLLBACK
from ..disk.paths import Paths
from ..engine.containers import UNHEALTHY, Container
from ..engine.engine import Engine
from ..state.state import State
from ..watch.beforehand import Beforehand
from ..watch.certificates import CertificateRefusal, read_refusal
from ..watch.questions import Question, plan_inside, plan_public
from ..wire.caddy.counted import PROBE_HEADER
from ..wire.errors import AgentError, EngineFault
from ..wire.inside import ROLE as INSIDE
from ..wire.inside import spoken_by
from ..wire.release import Release
from .context import Deploy
from .phases.carriers import accepts

_AT_ONCE = 8
_WITHIN = 5.0
_TRIES = 2
"""One bad answer may be chance."""
_UNKNOWN = (
    "there is no certificate for it yet, or no TLS is spoken there",
    "let DNS lead the name to this host, and look at the log of whoever ends TLS (`fairlead logs`)",
)


@dataclass(frozen=True)
class Unserved:
    """What users do not get: the fault in words; ``why`` there is no certificate, where it is that."""

    what: str
    why: Optional[CertificateRefusal] = None

    def __str__(self) -> str:
        return f"{self.what}: {self.why}" if self.why else self.what


def ask_public(paths: Paths, state: State, engine: Engine) -> list[str]:
    """What is wrong with the answers that users get from the release that serves, and where its services' calls are refused.

    In words. A path that somebody has drained is no fault. In a maintenance it is asked past the page.
    """
    if state.live is None:
        return []
    headers = _known(paths, state)
    found = ask_all(public_questions(state), engine, state.live.release, state.containers, headers)
    return [*map(str, found), *find_refusing(state.live.release, state.containers)]


def find_refusing(release: Release, containers: Sequence[Container]) -> list[str]:
    """Who carries calls between services, and accepts none at a port at which one is called; in words."""
    wanted = spoken_by([release])
    carriers = [
        one
        for one in containers
        if one.role == INSIDE and one.service in release.services and one.running and not one.restarting
    ]

    def find_port(carrier: Container) -> Optional[int]:
        # The first one tells enough: one that answers nothing at all is waited for once.
        ports = wanted.get(carrier.carries, ())
        return next((port for port in ports if not accepts(carrier, [port])), None)

    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        found = zip(carriers, pool.map(find_port, carriers))
        return [
            f"calls of other services to {one.carries}:{port} are refused: nobody listens there in {one.name}; "
            "`fairlead repair` opens it"
            for one, port in found
            if port is not None
        ]


def ask_all(
    questions: Sequence[Question],
    engine: Engine,
    release: Release,
    containers: Sequence[Container],
    headers: Mapping[str, str],
) -> list[Unserved]:
    """Ask what users ask; what they do not get."""
    ask = partial(_ask, headers=headers)
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        found = [(fault, tls) for fault, tls in pool.map(ask, questions) if fault]
    why = read_refusal(engine, release, containers) if any(tls for _, tls in found) else None
    return [Unserved(fault, why if tls else None) for fault, tls in found]


def require_served(deploy: Deploy) -> None:
    """See that users get what is live: its page, for which there may have been no certificate yet, and its calls.

    Raises:
        AgentError: they do not, or nobody can tell. The release stays: it may be no other with the one before.
    """
    if deploy.progress.unserved:
        raise AgentError(
            f"release {deploy.target.id} is live, and all calls of users to {', '.join(deploy.progress.unserved)} failed or hung",
            why="Fairlead asks no page and no call of it (gRPC's health check says nothing of its calls), and calls that "
            "fail can be anybody's, so that they alone take no release back",
            fix="`fairlead logs` shows what they ended with, `fairlead rollback` goes back; to have a release refused for "
            "it, name one of its calls as the health path (`x-fairlead: {health: {path: /package.Service/Method}}`)",
            details=deploy.progress.verdict.figures if deploy.progress.verdict is not None else (),
            service=deploy.progress.unserved[0],
        )
    _require_undoubted(deploy)
    if not deploy.progress.uncertified:
        return
    containers = deploy.host.list_containers()
    headers = _known(deploy.paths, deploy.state)
    found = ask_all(deploy.progress.uncertified, deploy.engine, deploy.target.release, containers, headers)
    if found:
        why, fix = (found[0].why.why, found[0].why.fix) if found[0].why else _UNKNOWN
        raise AgentError(
            f"release {deploy.target.id} is live, and users do not get its page: {found[0].what}",
            why=why,
            fix=f"{fix}. Nothing has to be deployed again: `fairlead status` ends with 0 as soon as they do",
            details=tuple(map(str, found[1:])),
        )


def _require_undoubted(deploy: Deploy) -> None:
    """See that what was not held against the release is over."""
    if not deploy.progress.doubted:
        return
    headers = _known(deploy.paths, deploy.state)
    found = ask_all(
        deploy.progress.doubted, deploy.engine, deploy.target.release, deploy.host.list_containers(), headers
    )
    if found:
        raise AgentError(
            f"release {deploy.target.id} is live, and users are not served: {found[0]}",
            why=f"{deploy.progress.before}: the host has too much to do, or what both releases need fails, so that to go back "
            f"to {deploy.plan.previous} would cure nothing",
            fix="see what takes the host's processors and memory, and `fairlead logs`. Nothing has to be deployed again: "
            "`fairlead status` ends with 0 as soon as users are served",
            details=tuple(map(str, found[1:])),
        )


def public_questions(state: State) -> list[Question]:
    """What users ask of the release that serves; not a path that somebody has drained."""
    if state.live is None or state.proxy is None:
        return []
    drained = set(state.drained or ())
    return [one for one in plan_public(state.live, state.proxy) if one.target.path not in drained]


def _inner_questions(state: State) -> Iterator[Question]:
    """What services ask each other."""
    if state.live is None:
        return
    for name in state.live.release.routes:
        with contextlib.suppress(EngineFault):
            yield from plan_inside(state.live, name, state.containers)


@contextlib.contextmanager
def asking_beforehand(deploy: Deploy) -> Iterator[None]:
    """Before a rollback switches, see what users are answered by what somebody wants to be rid of."""
    if deploy.plan.kind != ROLLBACK:
        yield
        return

    def headers() -> dict[str, str]:
        with contextlib.suppress(OSError, ValueError):
            return {PROBE_HEADER: deploy.paths.dark_token.read_text()}
        return {}

    questions = [*public_questions(deploy.state), *_inner_questions(deploy.state)]
    deploy.progress.beforehand = Beforehand(questions, headers)
    with deploy.progress.beforehand.asking():
        yield


def require_serving(deploy: Deploy) -> None:
    """See that the release that serves, for which there is nothing to change, does serve.

    Raises:
        AgentError: it does not.
    """
    state = deploy.state
    live = state.live
    if live is None:
        return
    faults = [
        *find_sick(live.release.platform, state.containers),
        *ask_public(deploy.paths, state, deploy.engine),
    ]
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


def _known(paths: Paths, state: State) -> dict[str, str]:
    """By which the proxy knows that it is us, where it shows everybody else a page."""
    if state.maintenance is None:
        return {}
    try:
        return {PROBE_HEADER: paths.dark_token.read_text()}
    except (OSError, ValueError):
        return {}


def _ask(question: Question, headers: Mapping[str, str]) -> tuple[str, bool]:
    """What is wrong, if anything, and whether it is TLS."""
    fault, tls = "", False
    for _ in range(_TRIES):
        answer = question.ask(timeout=max(question.within, _WITHIN), headers=headers)
        fault, tls = question.fault(answer), answer.tls
        if not fault:
            return "", False
    return f"{question.about} {fault}", tls
