"""start: the containers of the release, beside the ones that serve."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from ...disk.ledger import DEPLOY
from ...disk.routes import open_inside, service_name, write_routes
from ...disk.variables import read_values
from ...engine.containers import Container, read_app_containers, release_project
from ...plan.actions import CREATE, START
from ...plan.handover import named_bridges
from ...shape.bundle import compose_file
from ...state.standby import find_retired
from ...watch.diagnose import advise_start, advise_staying
from ...watch.evidence import read_evidence
from ...watch.health import FAILED, WAITING, judge_replicas
from ...watch.inflight import find_admin_sockets
from ...wire.errors import EngineFault, ReleaseFault
from ...wire.planned import Action
from ..context import Deploy, Outcome
from ..graceful import end_containers
from .handing import hand_over
from .platform import bring_up, changed_services, is_late
from .starting import Look, crashes_of
from .trailing import trails

_POLL = 0.2
_AT_ONCE = 8


def run_start(deploy: Deploy) -> Outcome:
    """Start what the plan says: new containers by Compose, stopped ones of an older release by themselves.

    Raises:
        ReleaseFault: one crashed, or Compose failed.
    """
    plan = deploy.plan
    quiet = not deploy.target.release.release_header
    live = deploy.state.live.release if deploy.state.live is not None else None
    bridges = named_bridges(live.routes, deploy.target.release) if live is not None else {}
    write_routes(deploy.paths, deploy.target.id, {**plan.names, **bridges}, quiet=quiet)
    actions = [
        one
        for one in plan.of(START, CREATE, platform=False)
        if not deploy.target.release.services[one.service].starts_late
    ]
    late = [name for name in changed_services(deploy) if is_late(deploy.target.release.services[name])]
    if not actions and not late:
        return Outcome("every service is carried over", skipped=True)
    _end_standby(deploy)
    # A service may call a neighbour that is new with it before anything serves.
    open_inside(deploy.paths, deploy.target.id, plan.names)
    beside = [one for one in actions if _starts_beside(deploy, one)]
    start_services(deploy, [one for one in actions if one not in beside])
    if beside:
        _start_beside(deploy, beside)
    if late:
        hand_over(deploy, late)
        # Whether they are fit, the next phase sees: it runs their checks itself, which takes half a minute less.
        bring_up(deploy.host, late)
    return Outcome(", ".join([*(one.service for one in actions), *late]))


def _end_standby(deploy: Deploy) -> None:
    """Stop what still stands by for the release that serves: no more than two releases run at once."""
    live = deploy.state.live
    if deploy.plan.kind == DEPLOY and live is not None:
        retired = find_retired(live, deploy.state.containers)
        sockets = partial(find_admin_sockets, deploy.paths)
        end_containers(deploy.host, retired, sockets, live.release.drain_timeout)


def _starts_beside(deploy: Deploy, action: Action) -> bool:
    """Whether it is started while the phases go on: what is only to be started again, and users do not wait for."""
    return action.action == START and trails(deploy, deploy.target.release.services[action.service])


def _start_beside(deploy: Deploy, actions: Sequence[Action]) -> None:
    """Whoever needs it, or takes back what was done, awaits it first (``await_started``)."""
    deploy.host.apart = tuple(
        one for action in actions for one in deploy.state.of_service(action.service, action.home)
    )
    pool = ThreadPoolExecutor(max_workers=1)
    deploy.progress.starting = pool.submit(start_services, deploy, actions)
    pool.shutdown(wait=False)


def start_services(deploy: Deploy, actions: Sequence[Action]) -> None:
    """Start rolled services as their actions say.

    Raises:
        ReleaseFault: one crashed, or Compose failed.
    """
    for home in sorted({one.home for one in actions}):
        for own in plan_waves([one for one in actions if one.home == home], deploy):
            stopped = [one for one in own if one.action == START and home != deploy.state.next_id]
            created = [one for one in own if one not in stopped]
            _start_stopped(deploy, stopped)
            if created:
                _compose_up(deploy, home, created)


def plan_waves(actions: list[Action], deploy: Deploy) -> list[list[Action]]:
    """Those that others call by their own names, then the others: nginx ends where it does not find its FastCGI program.

    What is created at once is brought up in order by Compose.
    """
    services = deploy.target.release.services
    called = {name for one in actions for name in services[one.service].calls}
    if all(one.home == deploy.state.next_id for one in actions):
        return [actions]
    first = [one for one in actions if one.service in called]
    return [wave for wave in (first, [one for one in actions if one not in first]) if wave]


def _start_stopped(deploy: Deploy, actions: list[Action]) -> None:
    pairs = [
        (action, container)
        for action in actions
        for container in deploy.state.of_service(action.service, action.home)
        if not container.serves
    ]
    if pairs:
        with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
            list(pool.map(lambda pair: _start_again(deploy, *pair), pairs))


def _start_again(deploy: Deploy, action: Action, container: Container) -> None:
    if container.running:
        # It runs and is not healthy: what is to serve again begins afresh.
        deploy.engine.stop(container.id, grace=container.grace)
    try:
        deploy.engine.start(container.id)
    except EngineFault as error:
        raise ReleaseFault(
            f"{action.service} of release {action.home} cannot be started again",
            why=error.why or error.what,
            fix="roll back to another release, or deploy the commit again",
            service=action.service,
        ) from error


def _compose_up(deploy: Deploy, home: str, actions: list[Action]) -> None:
    """``compose up``, watched: a crash ends it at once, where Compose would wait for a dependency's health."""
    started = {one.service for one in actions}
    names = sorted(service_name(name, home) for name in started)
    file = compose_file(deploy.paths, home)
    argv = deploy.engine.compose_argv(
        release_project(deploy.paths.app, home),
        file,
        *("up", "--detach", "--no-deps", "--no-build", *names),
    )
    # Compose waits for the health of dependencies only; without any it ends as soon as all are started.
    waits = any(
        name in deploy.target.release.services[one.service].depends_on for one in actions for name in started
    )

    began = time.monotonic()

    def watch() -> None:
        deploy.checkpoint()
        if waits:
            _raise_if_crashed(
                deploy, home, late=time.monotonic() - began >= deploy.target.release.start_timeout
            )

    done = deploy.engine.run_watched(argv, watch, poll=_POLL, values=read_values(file))
    if not done.ok:
        _raise_if_crashed(deploy, home, late=True)
        raise ReleaseFault(
            "the release could not be started",
            why=done.tail[-1] if done.tail else f"compose exited with {done.returncode}",
            fix="the lines of Compose, quoted here, say which container the engine refused",
            details=done.tail,
        )


def _raise_if_crashed(deploy: Deploy, home: str, *, late: bool) -> None:
    """End it where a container has crashed that does not come up again, or has not in the time that it has."""
    look = Look(deploy)
    found = [one for one in read_app_containers(deploy.engine, deploy.paths) if one.release == home]
    # What Compose has not started waits for the others, and nobody for it.
    started = [one for one in found if not one.oneoff and not one.created]
    for service in sorted({one.service for one in started}):
        own = [one for one in started if one.service == service]
        verdict = look.judge(service, own, partial(judge_replicas, wanted=len(own), gate="running"))
        crashed = [one for one in own if one.has_died]
        if verdict.state == FAILED or (late and crashed and verdict.state == WAITING):
            bad = next(iter(crashed), own[0])
            advice = advise_staying(crashes_of(deploy).ended_well(bad)) or advise_start([bad])
            raise ReleaseFault(
                f"{service} {verdict.reason}",
                why="it did so while it was starting",
                fix="; ".join(filter(None, ("its last lines are quoted here", advice))),
                details=crashes_of(deploy).evidence(bad) or read_evidence(deploy.engine, bad),
                service=service,
            )
    look.end()
