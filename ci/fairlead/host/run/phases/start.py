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
from ...plan.actions import CREATE, START, Action
from ...plan.handover import named_bridges
from ...shape.bundle import compose_file
from ...state.standby import find_retired
from ...watch.diagnose import advise_start
from ...watch.evidence import read_evidence
from ...watch.health import FAILED, WAITING, judge_replicas
from ...watch.inflight import find_admin_sockets
from ...wire.errors import EngineFault, ReleaseFault
from ..context import Context, Outcome
from ..drain import end_containers
from .handing import hand_over
from .platform import bring_up, changed_services, is_late
from .starting import Look, crashes_of
from .trailing import trails

_POLL = 0.2
_AT_ONCE = 8


def run_start(context: Context) -> Outcome:
    """Start what the plan says: new containers by Compose, stopped ones of an older release by themselves.

    Raises:
        ReleaseFault: one crashed, or Compose failed.
    """
    plan = context.plan
    quiet = not context.target.release.release_header
    live = context.state.live.release if context.state.live is not None else None
    bridges = named_bridges(live.routes, context.target.release) if live is not None else {}
    write_routes(context.paths, context.target.id, {**plan.names, **bridges}, quiet=quiet)
    actions = [
        one
        for one in plan.of(START, CREATE, platform=False)
        if not context.target.release.services[one.service].starts_late
    ]
    late = [name for name in changed_services(context) if is_late(context.target.release.services[name])]
    if not actions and not late:
        return Outcome("every service is carried over", skipped=True)
    _end_standby(context)
    # A service may call a neighbour that is new with it before anything serves.
    open_inside(context.paths, context.target.id, plan.names)
    beside = [one for one in actions if _starts_beside(context, one)]
    start_services(context, [one for one in actions if one not in beside])
    if beside:
        _start_beside(context, beside)
    if late:
        hand_over(context, late)
        # Whether they are fit, the next phase sees: it runs their checks itself, which takes half a minute less.
        bring_up(context.host, late)
    return Outcome(", ".join([*(one.service for one in actions), *late]))


def _end_standby(context: Context) -> None:
    """Stop what still stands by for the release that serves: no more than two releases run at once."""
    live = context.state.live
    if context.plan.kind == DEPLOY and live is not None:
        retired = find_retired(live, context.state.containers)
        sockets = partial(find_admin_sockets, context.paths)
        end_containers(context.host, retired, sockets, live.release.drain_timeout)


def _starts_beside(context: Context, action: Action) -> bool:
    """Whether it is started while the phases go on: what is only to be started again, and users do not wait for."""
    return action.action == START and trails(context, context.target.release.services[action.service])


def _start_beside(context: Context, actions: Sequence[Action]) -> None:
    """Whoever needs it, or takes back what was done, awaits it first (``await_started``)."""
    context.host.apart = tuple(
        one for action in actions for one in context.state.of_service(action.service, action.home)
    )
    pool = ThreadPoolExecutor(max_workers=1)
    context.starting = pool.submit(start_services, context, actions)
    pool.shutdown(wait=False)


def start_services(context: Context, actions: Sequence[Action]) -> None:
    """Start rolled services as their actions say.

    Raises:
        ReleaseFault: one crashed, or Compose failed.
    """
    for home in sorted({one.home for one in actions}):
        for own in plan_waves([one for one in actions if one.home == home], context):
            stopped = [one for one in own if one.action == START and home != context.state.next_id]
            created = [one for one in own if one not in stopped]
            _start_stopped(context, stopped)
            if created:
                _compose_up(context, home, created)


def plan_waves(actions: list[Action], context: Context) -> list[list[Action]]:
    """Those that others call by their own names, then the others: nginx ends where it does not find its FastCGI program.

    What is created at once is brought up in order by Compose.
    """
    services = context.target.release.services
    called = {name for one in actions for name in services[one.service].calls}
    if all(one.home == context.state.next_id for one in actions):
        return [actions]
    first = [one for one in actions if one.service in called]
    return [wave for wave in (first, [one for one in actions if one not in first]) if wave]


def _start_stopped(context: Context, actions: list[Action]) -> None:
    pairs = [
        (action, container)
        for action in actions
        for container in context.state.of_service(action.service, action.home)
        if not container.serves
    ]
    if pairs:
        with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
            list(pool.map(lambda pair: _start_again(context, *pair), pairs))


def _start_again(context: Context, action: Action, container: Container) -> None:
    if container.running:
        # It runs and is not healthy: what is to serve again begins afresh.
        context.engine.stop(container.id, grace=container.grace)
    try:
        context.engine.start(container.id)
    except EngineFault as error:
        raise ReleaseFault(
            f"{action.service} of release {action.home} cannot be started again",
            why=error.why or error.what,
            fix="roll back to another release, or deploy the commit again",
            service=action.service,
        ) from error


def _compose_up(context: Context, home: str, actions: list[Action]) -> None:
    """``compose up``, watched: a crash ends it at once, where Compose would wait for a dependency's health."""
    started = {one.service for one in actions}
    names = sorted(service_name(name, home) for name in started)
    file = compose_file(context.paths, home)
    argv = context.engine.compose_argv(
        release_project(context.paths.app, home),
        file,
        *("up", "--detach", "--no-deps", "--no-build", *names),
    )
    # Compose waits for the health of dependencies only; without any it ends as soon as all are started.
    waits = any(
        name in context.target.release.services[one.service].depends_on for one in actions for name in started
    )

    began = time.monotonic()

    def watch() -> None:
        context.heed()
        if waits:
            _raise_if_crashed(
                context, home, late=time.monotonic() - began >= context.target.release.start_timeout
            )

    done = context.engine.run_watched(argv, watch, poll=_POLL, values=read_values(file))
    if not done.ok:
        _raise_if_crashed(context, home, late=True)
        raise ReleaseFault(
            "the release could not be started",
            why=done.tail[-1] if done.tail else f"compose exited with {done.returncode}",
            fix="the lines of Compose, quoted here, say which container the engine refused",
            details=done.tail,
        )


def _raise_if_crashed(context: Context, home: str, *, late: bool) -> None:
    """End it where a container has crashed that does not come up again, or has not in the time that it has."""
    look = Look(context)
    found = [one for one in read_app_containers(context.engine, context.paths) if one.release == home]
    # What Compose has not started waits for the others, and nobody for it.
    started = [one for one in found if not one.oneoff and not one.created]
    for service in sorted({one.service for one in started}):
        own = [one for one in started if one.service == service]
        verdict = look.judge(service, own, partial(judge_replicas, wanted=len(own), gate="running"))
        crashed = [one for one in own if one.has_died]
        if verdict.state == FAILED or (late and crashed and verdict.state == WAITING):
            bad = next(iter(crashed), own[0])
            raise ReleaseFault(
                f"{service} {verdict.reason}",
                why="it did so while it was starting",
                fix="; ".join(filter(None, ("its last lines are quoted here", advise_start([bad])))),
                details=crashes_of(context).evidence(bad) or read_evidence(context.engine, bad),
                service=service,
            )
    look.end()
