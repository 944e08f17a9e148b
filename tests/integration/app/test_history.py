"""What a page, readiness and the worker cost with a long history and a long queue: as much as with a short one."""

from __future__ import annotations

import asyncio
import inspect
import json
import random
import uuid
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from fastapi.routing import APIRoute
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession

from app.api import board
from app.domain.events import Event
from app.domain.serving import Serving, judge_serving
from app.queue import STREAM, NotificationQueue, make_redis
from app.settings import read_worker_settings
from app.store.engine import make_engine, make_sessions
from app.store.events import list_servings, list_timeline, record_event
from app.store.outbox import Delivery, claim_event, count_waiting, keep_delivery, lease_due, settle_event
from app.store.schema import probe_schema, read_revisions
from app.worker.run import ENOUGH, Worker
from tests.integration.app.board import Backends, run_role
from tests.patience import PATIENCE
from tests.unit.board.events import NOON, make_event

FEW, MANY = 1_000, 100_000
TIMES = 7
"""A database keeps the plan of what it has planned five times, for the size that its tables had then."""

EXPLAINED = {
    "session_preload_libraries": "auto_explain",
    "auto_explain.log_min_duration": "0",
    "auto_explain.log_analyze": "on",
    "auto_explain.log_timing": "off",
    "auto_explain.log_buffers": "on",
    "auto_explain.log_format": "json",
    "auto_explain.log_level": "notice",
}

PLACES = """
INSERT INTO apps (name) VALUES ('quiet'), ('loud'), ('idle');
INSERT INTO environments (app_id, name) SELECT id, 'production' FROM apps ON CONFLICT DO NOTHING"""

EVENTS = """
INSERT INTO events (id, environment_id, host, kind, status, release, serving, revision, revision_time, "by",
    started_at, finished_at, images, phases, notify_after)
SELECT gen_random_uuid(), e.id, 'host-' || number % {hosts}, 'deploy', {status}, '000001', '000001', repeat('a', 40),
    now(), 'alice', now(), {finished}, jsonb_build_object('web', repeat('b', 64)), '[]', now() - interval '1 hour'
FROM generate_series(1, {count}) number, environments e JOIN apps a ON a.id = e.app_id WHERE a.name = '{app}'"""
"""``quiet`` was told first, and little. The newest of ``loud`` are of one moment; ``idle`` has had nothing to do ever since."""


@dataclass
class Plans:
    """The plans of the statements that were run, as Postgres tells them."""

    found: list[dict[str, Any]] = field(default_factory=list)

    def listen(self, engine: AsyncEngine) -> None:
        """Have the plans of this engine's statements from now on."""

        @event.listens_for(engine.sync_engine, "connect")
        def connect(connection: Any, _record: object) -> None:
            connection.driver_connection.add_notice_handler(self._take)
            # At once, where it would otherwise be what is asked for the sixth time.
            connection.driver_connection.prepare_threshold = 0

    def _take(self, notice: Any) -> None:
        _, _, told = notice.message_primary.partition("plan:\n")
        if told:
            self.found.append(json.loads(told))

    @property
    def pages(self) -> int:
        """How many pages were read, from wherever."""
        return sum(one["Plan"]["Shared Hit Blocks"] + one["Plan"]["Shared Read Blocks"] for one in self.found)

    @property
    def whole(self) -> list[str]:
        """The statements that read a table of events from its one end to the other."""
        return [
            one["Query Text"] for one in self.found if set(_scanned(one["Plan"])) & {"events", "deliveries"}
        ]


def _scanned(node: dict[str, Any]) -> Iterator[str]:
    if node["Node Type"] == "Seq Scan":
        yield node["Relation Name"]
    for inner in node.get("Plans", ()):
        yield from _scanned(inner)


@dataclass(frozen=True)
class History:
    """A database of its own, which tells the plans of what it is asked."""

    backends: Backends

    @property
    def environ(self) -> dict[str, str]:
        return self.backends.environ | {"BOARD_DATABASE_NAME": "history"}

    def say(self, *statements: str) -> None:
        """Say something to it."""
        with self.backends.connect("history") as connection:
            for statement in ("SET synchronous_commit = off", *statements):
                connection.execute(statement)

    def make_engine(self) -> AsyncEngine:
        """One connection, as api and worker make theirs."""
        return make_engine(read_worker_settings(self.environ).database, service="test", size=1)


@pytest.fixture(scope="module")
def history(backends: Backends) -> Iterator[History]:
    """A history that is empty so far."""
    made = History(backends)
    with backends.connect() as connection:
        connection.execute("CREATE DATABASE history")
        assert run_role("migrate", made.environ).wait(PATIENCE) == 0
        for name, value in EXPLAINED.items():
            connection.execute(f"ALTER DATABASE history SET {name} = '{value}'")
        yield made
        connection.execute("DROP DATABASE history WITH (FORCE)")


def _by_chance(chance: random.Random, seq: int) -> Event:
    """Few places, few releases, few moments, in any order."""
    release, serving = (chance.choice((None, "000001", "000002", "000003")) for _ in range(2))
    return make_event(
        id=str(uuid.UUID(int=chance.getrandbits(128))),
        app=chance.choice(("chance", "other")),
        environment=chance.choice(("production", "staging")),
        host=chance.choice(("a", "b", "c")) if seq % 7 else f"host-{seq}",
        status=chance.choice(("live", "unchanged", "refused", "reverted")),
        release=release,
        serving=serving,
        finished_at=NOON + timedelta(minutes=chance.randrange(20)),
    )


def _serving(events: Sequence[Event]) -> list[tuple[object, ...]]:
    """What serves in each place, from all events in the order in which they were told."""
    numbered = sorted(enumerate(events), key=lambda one: (one[1].finished_at, one[0]))
    history: dict[tuple[str, str, str], list[Event]] = {}
    for _, one in numbered:
        history.setdefault((one.app, one.environment, one.host), []).append(one)
    return [_told(judge_serving(own[-1], own[::-1])) for _, own in sorted(history.items())]


def _told(serving: Serving) -> tuple[object, ...]:
    brought = serving.brought_by.id if serving.brought_by else None
    return serving.app, serving.environment, serving.host, serving.release, serving.last.id, brought


@pytest.mark.parametrize("seed", range(2))
def test_what_serves_and_what_happened_follow_from_all_events(history: History, seed: int) -> None:
    """However few of them are read."""
    chance = random.Random(seed)  # noqa: S311 - seeded cases
    events = [_by_chance(chance, seq) for seq in range(80)]

    def own(app: str | None, environment: str | None) -> list[Event]:
        return [one for one in events if app in (None, one.app) and environment in (None, one.environment)]

    async def compare() -> None:
        engine = history.make_engine()
        async with make_sessions(engine)() as session:
            numbers = {one.id: await record_event(session, one) or 0 for one in events}
            for app, environment in (
                (None, None),
                ("chance", None),
                ("chance", "staging"),
                ("other", "none"),
            ):
                servings = await list_servings(session, app=app, environment=environment)
                assert [_told(one) for one in servings] == _serving(own(app, environment))
                before = numbers[chance.choice(events).id]
                page = await list_timeline(session, app=app, environment=environment, before=before, limit=9)
                wanted = [(numbers[one.id], one.id) for one in own(app, environment)]
                older = [one for one in sorted(wanted, reverse=True) if one[0] < before][:9]
                assert [(seq, one.id) for seq, one in page] == older
            # Nothing is kept: the next one begins with nothing, too.
            await session.rollback()
        await engine.dispose()

    asyncio.run(compare())


def _questions(engine: AsyncEngine) -> dict[str, Callable[[AsyncSession], Awaitable[object]]]:
    """Whatever api, its readiness, its diagnosis and the worker ask of the database."""
    known = read_revisions()

    def ask(route: APIRoute, app: str) -> Callable[[AsyncSession], Awaitable[object]]:
        given = {"app": app, "environment": "production"}
        named = {name: given[name] for name in inspect.signature(route.endpoint).parameters if name in given}
        return lambda session: route.endpoint(session=session, **named)

    async def work(session: AsyncSession) -> None:
        due = await lease_due(session, 100)
        assert len(due) == 100
        await session.commit()
        assert await claim_event(session, due[0]) is not None
        await keep_delivery(session, due[0], Delivery("team", "delivered", 1, ""))
        await settle_event(session, due[0], None)
        await session.commit()

    routes = [one for one in board.router.routes if isinstance(one, APIRoute)]
    return {
        **{one.path: ask(one, "quiet") for one in routes},
        **{
            f"{one.path} of {app}": ask(one, app)
            for one in routes
            if "{app}" in one.path
            for app in ("loud", "idle")
        },
        "/timeline of loud": lambda session: board.get_timeline(session, "loud"),
        "an older page": lambda session: board.get_timeline(session, before=500),
        "readiness": lambda _: probe_schema(engine, known),
        "diagnosis": count_waiting,
        "the worker": work,
    }


async def _cost(engine: AsyncEngine, plans: Plans, times: int = 1) -> dict[str, int]:
    """The most pages that each question has read."""
    costs: dict[str, int] = {}
    for name, ask in _questions(engine).items():
        for _ in range(times):
            plans.found.clear()
            async with make_sessions(engine)() as session:
                await ask(session)
            costs[name] = max(costs.get(name, 0), plans.pages)
            if plans.whole:
                costs[f"{name}: {plans.whole[0]}"] = -1
    return costs


@pytest.mark.long
def test_no_question_grows_with_the_history_or_the_queue(history: History) -> None:
    """Connections that are as old as the board, tables of which nobody has told the planner that they grew."""
    plans = Plans()

    def tell(count: int) -> None:
        loud = {"app": "loud", "hosts": 2, "status": "'live'", "finished": "'2026-11-01'"}
        nothing = "CASE number WHEN 1 THEN 'live' ELSE 'unchanged' END"
        idle = {
            "app": "idle",
            "hosts": 1,
            "status": nothing,
            "finished": "now() + number * interval '1 second'",
        }
        history.say(*(EVENTS.format(count=count // 2, **told) for told in (loud, idle)))

    async def compare() -> tuple[dict[str, int], dict[str, int]]:
        engine = history.make_engine()
        plans.listen(engine)
        few = await _cost(engine, plans, TIMES)
        tell(MANY - FEW)
        many = await _cost(engine, plans)
        await engine.dispose()
        return few, many

    quiet = EVENTS.format(app="quiet", count=60, hosts=1, status="'live'", finished="now()")
    history.say("ALTER TABLE events SET (autovacuum_enabled = off)", PLACES, quiet)
    tell(FEW)
    few, many = asyncio.run(compare())
    assert [name for name, cost in many.items() if cost < 0] == []
    assert {name: (few[name], cost) for name, cost in many.items() if cost > 3 * few[name] + 500} == {}


@pytest.mark.long
def test_the_queue_holds_no_more_than_is_soon_done(history: History) -> None:
    """However many events are due: the others are in no hurry, and lie well where they are."""
    settings = read_worker_settings(history.environ)

    async def sweep() -> int:
        engine, queue = history.make_engine(), NotificationQueue(make_redis(settings.cache))
        worker = Worker(settings, queue, make_sessions(engine))
        for _ in range(3 * ENOUGH // 100):
            await worker._sweep()
        queued = await queue.count()
        await queue.close()
        await engine.dispose()
        return queued

    due = EVENTS.format(app="due", count=3 * ENOUGH, hosts=1, status="'live'", finished="now()")
    history.say(PLACES.replace("('quiet'), ('loud'), ('idle')", "('due')"), due)
    history.backends.redis_command("DEL", STREAM)
    assert asyncio.run(sweep()) == ENOUGH
    history.backends.redis_command("DEL", STREAM)
