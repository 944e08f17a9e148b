"""What may run on beside the release that serves, and until when."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from fairlead.host.disk.fold import fold_records
from fairlead.host.disk.ledger import DEPLOY, ROLLBACK, JobRun, Ledger, Rotation
from fairlead.host.shape.bundle import Bundle
from fairlead.host.state.standby import find_retired, plan_standby
from tests.unit.host.samples import container, document, release, service
from tests.unit.host.stories import NEW, OLD, tell_story

_OPTIONS = {"start_timeout": 1, "drain_timeout": 0, "keep": 5, "standby": 90}


def _bundle(release_id: str, **changes: Any) -> Bundle:
    made = release(**{"options": _OPTIONS, **changes})
    return Bundle(release_id, made, dict.fromkeys(made.rolled, release_id))


def _ledger() -> Ledger:
    return fold_records(tell_story(DEPLOY)[0])


def test_what_is_routed_stands_by_from_the_commit_on() -> None:
    """A worker does not: it would go on taking work."""
    ledger = _ledger()
    standby = plan_standby(ledger, _bundle(NEW), _bundle(OLD))
    committed = ledger.releases[NEW].committed_at
    assert standby is not None
    assert committed is not None
    assert (standby.release, standby.until) == (OLD, committed + 90)
    assert standby.homes == {"api": OLD, "web": OLD}
    assert standby.has(container("web", OLD))
    for other in (container("worker", OLD), container("web", NEW), container("web", OLD, oneoff=True)):
        assert not standby.has(other)


def test_what_is_carried_over_serves() -> None:
    live = _bundle(NEW)
    homes = {**live.homes, "web": OLD}
    standby = plan_standby(_ledger(), replace(live, homes=homes), _bundle(OLD))
    assert standby is not None
    assert standby.homes == {"api": OLD}
    assert plan_standby(_ledger(), replace(live, homes={**homes, "api": OLD}), _bundle(OLD)) is None


def test_what_it_calls_within_its_release_stands_by_with_it() -> None:
    """A web server without its FastCGI program has nothing to answer, nor to end what it has open with."""
    services = document()["services"]
    services["web"] = service("app", "web", together=True, calls=["php"])
    services["php"] = service("worker", "php", together=True)
    standby = plan_standby(_ledger(), _bundle(NEW, services=services), _bundle(OLD, services=services))
    assert standby is not None
    assert standby.homes == {"api": OLD, "web": OLD, "php": OLD}


def _with_last(**changes: Any) -> Ledger:
    ledger = _ledger()
    return replace(
        ledger, transactions=(*ledger.transactions[:-1], replace(ledger.transactions[-1], **changes))
    )


@pytest.mark.parametrize(
    "ledger",
    [
        Ledger(),
        fold_records(tell_story(ROLLBACK)[0]),
        _with_last(rotations={"password": Rotation(NEW, "a", frozenset())}),
        _with_last(release="000003"),
        replace(_ledger(), jobs={"h": JobRun("migrate", "done", "c", NEW, 0.0, irreversible=True)}),
    ],
    ids=["nothing", "rollback", "rotation", "switched by hand", "irreversible"],
)
def test_what_nobody_should_go_back_to_does_not_stand_by(ledger: Ledger) -> None:
    assert plan_standby(ledger, _bundle(NEW), _bundle(OLD)) is None


def test_nothing_stands_by_where_nobody_asked_for_it() -> None:
    """Nor before a first release, nor when nothing serves."""
    assert plan_standby(_ledger(), _bundle(NEW, options={}), _bundle(OLD)) is None
    assert plan_standby(_ledger(), _bundle(NEW), None) is None
    assert plan_standby(_ledger(), None, _bundle(OLD)) is None


def test_what_serves_or_does_not_run_is_not_retired() -> None:
    old = container("web", OLD)
    others = [
        container("web", NEW),
        container("caddy"),
        container("api", OLD, running=False),
        container("migrate", OLD, oneoff=True),
    ]
    assert find_retired(_bundle(NEW), [old, *others]) == [old]
