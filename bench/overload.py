"""The reference app asked for twice what it can do: what it answers meanwhile, and how soon it is well afterwards.

An open loop, as users are: each request begins when its time has come, whether those before it were answered or not, and
its client waits two seconds. What the app can do is measured first, by a closed loop on the same machine. Then a rollback
under a steady fourteen page requests a second, and the worker with a hundred thousand events to tell.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import statistics
import sys
import time
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from threading import Thread
from typing import Any, Self

import httpx

from bench.measure import Row, seconds
from demo.repository import ENVIRONMENT
from demo.story import Stage, fetch_certificate_authority, set_the_stage
from fairlead.host.wire.phases import SWITCH
from fairlead.passed import PYTHON
from fairlead.process import run

_PATIENCE = 2.0
_PROBE_SECONDS = 8.0
_PROBERS = 8
_OVERLOAD = 2.0
_SECONDS = 20.0
_RECOVERY_GOAL = 10.0
_RECOVERY_LIMIT = 60.0
_IN_A_ROW = 10
_ROLLBACKS = 5
_STEADY = 14.0
_ROLLBACK_GOAL = 2.0
_P99_GOAL = 1.5
_OK = 200
_QUEUE = 100_000
_SOURCE = "app/__init__.py"
_PAGE, _API = "/", "/api/v1/timeline?limit=10"


@dataclass(frozen=True)
class Answer:
    """When a request began (monotonic seconds), how long it took, and its status; 0 where the client went away."""

    began: float
    took: float
    status: int


def measure() -> list[Row]:
    """Rows for web and api under overload, for a rollback under load, and for the worker's queue."""
    stage = set_the_stage()
    _release(stage, "first")
    fetch_certificate_authority(stage)
    rows = [row for path in (_PAGE, _API) for row in _overload(stage, path)]
    return [*rows, *_rollbacks(stage), _worker(stage)]


def _overload(stage: Stage, path: str) -> list[Row]:
    rate = asyncio.run(_closed(stage, path))
    answers = asyncio.run(_open(stage, path, rate * _OVERLOAD, _SECONDS))
    recovered = asyncio.run(_recover(stage, path))
    good = [one for one in answers if one.status == _OK]
    refused = sum(1 for one in answers if one.status == httpx.codes.SERVICE_UNAVAILABLE)
    name = "web" if path == _PAGE else "api"
    told = f"{len(good)} answered (p99 {_p99(good):.2f} s), {refused} refused, {len(answers) - len(good) - refused} lost"
    what = f"{name} asked for {rate * _OVERLOAD:.0f} a second for {_SECONDS:.0f} s"
    return [
        Row(
            what,
            told,
            f"{rate:.0f} a second (closed loop)",
            f"{len(good) / _SECONDS / rate:.2f}x",
            "-",
            held=True,
        ),
        Row(
            f"{name} after that: answered {_IN_A_ROW} in a row",
            f"{recovered:.2f} s",
            "-",
            "-",
            f"<= {_RECOVERY_GOAL:g} s",
            recovered <= _RECOVERY_GOAL,
        ),
    ]


def _rollbacks(stage: Stage) -> list[Row]:
    took: list[float] = []
    served: list[float] = []
    ratios: list[float] = []
    lost = total = 0
    for turn in range(_ROLLBACKS):
        _release(stage, f"turn {turn}")
        with _Steady(stage) as load:
            time.sleep(_PROBE_SECONDS)
            began = time.monotonic()
            took.append(seconds(lambda: _fairlead(stage, "rollback", "--environment", ENVIRONMENT)))
            ended = time.monotonic()
            served.append(took[-1] - _after_switch(stage))
            time.sleep(_PROBE_SECONDS)
        rest = [one for one in load.answers if one.began < began - 1]
        after = [one for one in load.answers if ended <= one.began < ended + 1]
        ratios.append(_p99(after) / _p99(rest))
        lost += sum(1 for one in load.answers if one.status != _OK)
        total += len(load.answers)
    ratio = statistics.median(ratios)
    median = statistics.median(took)
    what = f"rollback of the board at {_STEADY:.0f} requests a second, median of {_ROLLBACKS}"
    return [
        Row(
            what,
            f"{median:.2f} s",
            f"{statistics.median(served):.2f} s until users are served",
            "-",
            f"< {_ROLLBACK_GOAL} s",
            median < _ROLLBACK_GOAL,
        ),
        Row(
            "p99 in the second after it",
            "-",
            "at rest",
            f"{ratio:.2f}x",
            f"<= {_P99_GOAL}x",
            ratio <= _P99_GOAL,
        ),
        Row("lost in those rollbacks", str(lost), f"of {total}", "-", "0", lost == 0),
    ]


def _after_switch(stage: Stage) -> float:
    """Seconds of the last rollback in which its users were served already: in them its worker is proved."""
    document = json.loads((stage.repository.root / ".fairlead" / "deploy.json").read_text())
    ended = document["phases"]
    switch = next(number for number, one in enumerate(ended) if one["phase"] == SWITCH.name)
    return sum(float(one["seconds"]) for one in ended[switch + 1 :])


class _Steady:
    """Fourteen requests a second, by a thread of its own, until it is left."""

    def __init__(self, stage: Stage) -> None:
        self.answers: Sequence[Answer] = ()
        self._stage = stage
        self._thread = Thread(target=self._run)
        self._done = False

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done = True
        self._thread.join()

    def _run(self) -> None:
        self.answers = asyncio.run(_open(self._stage, _PAGE, _STEADY, 300.0, lambda: self._done))


def _worker(stage: Stage) -> Row:
    """The worker is given far more than it can do at once: the board answers as before, and its memory stays."""
    before = asyncio.run(_open(stage, _PAGE, _STEADY, _SECONDS))
    copied = (
        'environment_id, host, kind, status, release, previous, serving, revision, revision_time, "by", '
        "started_at, finished_at, images, phases, error"
    )
    _sql(
        stage,
        f"INSERT INTO events (id, {copied}) SELECT gen_random_uuid(), {copied} "  # noqa: S608 - our own words
        f"FROM (SELECT * FROM events ORDER BY seq LIMIT 1) e, generate_series(1, {_QUEUE})",
    )
    during = asyncio.run(_open(stage, _PAGE, _STEADY, _SECONDS))
    bad = sum(1 for one in during if one.status != _OK)
    left = _sql(stage, "SELECT count(*) FROM events WHERE notified_at IS NULL")
    return Row(
        f"pages while the worker has {_QUEUE} events to tell",
        f"p99 {_p99(during):.2f} s, {bad} of {len(during)} bad; {left} left",
        f"p99 {_p99(before):.2f} s without",
        f"{_p99(during) / _p99(before):.2f}x",
        "0 bad",
        bad == 0,
    )


def _sql(stage: Stage, statement: str) -> str:
    psql = 'PGPASSWORD=$(cat "$POSTGRES_PASSWORD_FILE") exec psql -U board -d board -Atc "$0"'
    words = ("docker", "exec", "-i", "board-postgres-1", "sh", "-c", psql, statement)
    return _python(stage, "lab", "ssh", "1", "--", *words).strip()


def _p99(answers: Sequence[Answer]) -> float:
    took = sorted(one.took for one in answers)
    return took[min(len(took) - 1, int(len(took) * 0.99))] if took else float("nan")


def _client(stage: Stage) -> httpx.AsyncClient:
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=64)
    trust = ssl.create_default_context(cafile=str(stage.ca))
    return httpx.AsyncClient(
        base_url=f"https://{stage.address}", verify=trust, timeout=_PATIENCE, limits=limits, http2=False
    )


async def _ask(client: httpx.AsyncClient, path: str) -> Answer:
    began = time.monotonic()
    try:
        async with asyncio.timeout(_PATIENCE):
            status = (await client.get(path)).status_code
    except (TimeoutError, httpx.HTTPError):
        status = 0
    return Answer(began, time.monotonic() - began, status)


async def _closed(stage: Stage, path: str) -> float:
    """What it can do: answers a second to as many clients as ask again at once."""
    until = time.monotonic() + _PROBE_SECONDS

    async def probe(client: httpx.AsyncClient) -> int:
        count = 0
        while time.monotonic() < until:
            count += (await _ask(client, path)).status == _OK
        return count

    async with _client(stage) as client:
        return sum(await asyncio.gather(*(probe(client) for _ in range(_PROBERS)))) / _PROBE_SECONDS


async def _open(
    stage: Stage, path: str, rate: float, seconds: float, is_over: Callable[[], bool] = lambda: False
) -> list[Answer]:
    """Requests at a steady rate, whatever becomes of them."""
    begun: list[asyncio.Task[Answer]] = []
    async with _client(stage) as client:
        started = time.monotonic()
        while len(begun) < rate * seconds and not is_over():
            await asyncio.sleep(max(0.0, started + len(begun) / rate - time.monotonic()))
            asked: Coroutine[Any, Any, Answer] = _ask(client, path)
            begun.append(asyncio.create_task(asked))
        return list(await asyncio.gather(*begun))


async def _recover(stage: Stage, path: str) -> float:
    """Seconds until ten requests in a row are answered; the limit where they never are."""
    started = time.monotonic()
    async with _client(stage) as client:
        row = 0
        while row < _IN_A_ROW and time.monotonic() < started + _RECOVERY_LIMIT:
            row = row + 1 if (await _ask(client, path)).status == _OK else 0
    return time.monotonic() - started


def _release(stage: Stage, mark: str) -> None:
    file = stage.repository.root / _SOURCE
    file.write_text(file.read_text().split("# bench:")[0] + f"# bench: {mark}\n")
    stage.repository.commit(mark)
    _fairlead(stage, "ship", "--environment", ENVIRONMENT)


def _fairlead(stage: Stage, *words: str) -> None:
    _python(stage, *words)


def _python(stage: Stage, *words: str) -> str:
    done = run(
        [sys.executable, "-m", "fairlead", *words],
        cwd=stage.repository.root,
        env=dict(stage.environ),
        also=PYTHON,
    )
    return done.stdout
