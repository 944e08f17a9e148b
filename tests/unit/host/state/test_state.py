"""What ``status`` says of a transaction that ends while it looks, and of one that nobody works on any more."""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fairlead.host.disk.journal import render_record
from fairlead.host.disk.layout import make_layout
from fairlead.host.disk.ledger import DEPLOY, STABLE, Ledger, ReleaseEntry, Transaction
from fairlead.host.disk.lock import Holder, hold_lock
from fairlead.host.disk.paths import Paths, app_paths
from fairlead.host.state import state as state_module
from fairlead.host.state.shown import show_state
from fairlead.host.state.state import later_id, read_state
from fairlead.host.wire.errors import InputFault
from fairlead.host.wire.text import find_troubles, service_state, status_remarks
from tests.unit.host.pretend import PretendEngine
from tests.unit.host.samples import container, release, serving
from tests.unit.host.stories import APP, tell_story


class Hurried(PretendEngine):
    """An engine at whose first call a transaction ends."""

    def __init__(self, end: contextlib.ExitStack) -> None:
        super().__init__()
        self._end = end

    def call(
        self,
        method: str,
        path: str,
        query: Mapping[str, object],
        *,
        body: Mapping[str, Any] | None = None,
        timeout: float = 60.0,
    ) -> Any:
        self._end.close()
        return super().call(method, path, query, body=body, timeout=timeout)


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    """An app whose rollback has written all of its journal but its end."""
    paths = app_paths(tmp_path, APP)
    make_layout(paths)
    records, _ = tell_story("rollback")
    paths.journal.write_bytes(b"".join(render_record(one) for one in records[:-1]))
    return paths


@pytest.fixture
def under_way(paths: Paths) -> Iterator[contextlib.ExitStack]:
    """The hold of that rollback on the app's lock."""
    holder = Holder("rollback to 000001", "alice", "t", 1, 1000.0)
    with contextlib.ExitStack() as stack:
        stack.enter_context(hold_lock(paths.lock, holder, wait=0, on_wait=print))
        yield stack


def test_a_rollback_that_ends_meanwhile_is_under_way(paths: Paths, under_way: contextlib.ExitStack) -> None:
    state = show_state(read_state(paths, Hurried(under_way)))
    assert state.unfinished
    assert status_remarks(state)[0].startswith("under way: rollback to 000001 by alice")
    assert not any("interrupted" in one for one in status_remarks(state))


def test_a_rollback_that_nobody_works_on_was_interrupted(paths: Paths) -> None:
    remarks = status_remarks(show_state(read_state(paths, PretendEngine())))
    assert remarks[0].startswith("a rollback of 000001 was interrupted in prune")


@pytest.mark.parametrize(
    ("following", "at_least", "given"),
    [
        ("000002", "", "000002"),
        ("000002", "000001", "000002"),
        ("000002", "001002", "001002"),
        ("000001", "005000", "005000"),
        ("999500", "999999", "999999"),
    ],
)
def test_hosts_call_a_release_the_same(following: str, at_least: str, given: str) -> None:
    """A host that is new to an app catches up at once."""
    assert later_id(following, at_least) == given


@pytest.mark.parametrize(
    ("following", "at_least"), [("000002", "001003"), ("000002", "999999"), ("000001", "999999")]
)
def test_no_client_uses_up_the_ids(following: str, at_least: str) -> None:
    with pytest.raises(InputFault, match=at_least):
        later_id(following, at_least)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, "healthy"),
        ({"restarts": 3}, "healthy"),
        ({"restarts": 3, "started_at": "now"}, "restarting"),
        ({"started_at": "now"}, "healthy"),
        ({"restarting": True, "running": False, "restarts": 1}, "restarting"),
        ({"running": False}, "stopped"),
        ({"health": "unhealthy"}, "unhealthy"),
    ],
)
def test_what_is_started_over_and_over_is_not_well(changes: dict[str, Any], told: str) -> None:
    """Between two crashes it runs: that the engine had to start it, and when, tells."""
    now = time.strftime("%Y-%m-%dT%H:%M:%S.123456789Z", time.gmtime())
    changes = {key: now if value == "now" else value for key, value in changes.items()}
    live = release()
    sick = container("db", "", **changes)
    state = serving(live)
    others = [one for one in state.containers if one.service != "db"]
    answer = show_state(replace(state, containers=(*others, sick)))
    (db,) = [one for one in answer.services if one.service == "db"]
    assert db.state == told
    assert bool(find_troubles(answer)) == (told != "healthy")


@pytest.mark.parametrize("name", ["web", "db"])
@pytest.mark.parametrize(("started", "told"), [(-1, "healthy"), (1, "restarting")])
def test_a_start_that_was_borne_is_not_one_over_and_over(name: str, started: int, told: str) -> None:
    """It crashed while its release started, was verified after that, and has stayed up since the commit."""
    committed, live = time.time() - 5.0, release()
    entry = ReleaseEntry("000001", STABLE, live.revision, 0, "alice", committed - 9, committed_at=committed)
    brought = Transaction(1, DEPLOY, "000001", None, "t", "alice", live.revision, committed - 9)
    brought = replace(brought, updated=("caddy", "db"), committed=True)
    stamped = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(committed + started))
    state = serving(live, ledger=Ledger({"000001": entry}, (brought,)))
    containers = [
        replace(one, restarts=2, started_at=f"{stamped}.5Z") if one.service == name else one
        for one in state.containers
    ]
    answer = show_state(replace(state, containers=tuple(containers)))
    (shown,) = [one for one in answer.services if one.service == name]
    assert shown.state == told
    assert service_state(shown).endswith("restarted 2 times")
    assert bool(find_troubles(answer)) == (told != "healthy")


class _Shelf(PretendEngine):
    """An engine with these images, by id and by what they were pulled by, that remembers what it was asked for."""

    def __init__(self, images: Mapping[str, Mapping[str, Any]]) -> None:
        super().__init__()
        self.images = images
        self.asked: list[str] = []

    def image(self, reference: str) -> dict[str, Any] | None:
        self.asked.append(reference)
        found = self.images.get(reference)
        return dict(found) if found is not None else None


@pytest.mark.parametrize("seed", range(20))
def test_what_the_engine_has_is_read_with_each_image_asked_for_once(paths: Paths, seed: int) -> None:
    """It takes 20 ms an image, and whoever goes back waits for that."""
    dice = random.Random(seed)  # noqa: S311 - a test that can be repeated
    ids = [f"sha256:{number:064x}" for number in range(5)]
    digests = {one: tuple(f"sha256:{dice.randrange(1 << 60):064x}" for _ in range(2)) for one in ids}
    raw = {one: {"Id": one, "RepoDigests": [f"r/i@{each}" for each in digests[one]]} for one in ids}
    pulled = {f"r/i@{digests[one][0]}": one for one in dice.sample(ids, 3)}
    engine = _Shelf({**raw, **{name: raw[one] for name, one in pulled.items()}})
    run = dice.sample(ids, dice.randrange(len(ids) + 1))
    for number, image in enumerate(run):
        engine.add(APP, f"service-{number}", "000001")
        engine.raw[f"{APP}-000001-service-{number}-1"]["Image"] = image
    wanted = {*dice.sample(sorted(pulled), dice.randrange(4)), "r/i@gone"}
    containers, known, present = state_module._read_engine(paths, engine, wanted)
    assert len(containers) == len(run)
    assert known == {one: digests[one] for one in run}
    assert present == wanted - {"r/i@gone"}
    seen = {pulled[name] for name in present}
    assert sorted(engine.asked) == sorted([*wanted, *(set(run) - seen)])
