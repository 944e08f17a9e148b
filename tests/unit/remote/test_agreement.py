"""Every way in which a client and several hosts can die between two steps ends with one release on all of them.

The hosts are reduced to what they decide by; the decisions are the real ones: the client's word, what a host does
that is left alone, what a repair makes of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from typing import NamedTuple

import pytest

from fairlead.host.disk.ledger import DEPLOY, ROLLBACK, Transaction
from fairlead.host.plan.agreement import plan_recovery
from fairlead.host.wire import phases
from fairlead.host.wire.fleet import COMMIT, FINISH, MIGRATE, REVERT, STOP, SWITCH
from fairlead.host.wire.status import HistoryEntry, RunningTask, StateAnswer
from fairlead.remote.agreement import Member, Standing, plan_decisions, plan_word, standing_of

NEW, OLD = "new", "old"
_NAMES = tuple(one.name for one in phases.PHASES)
PHASES = _NAMES[_NAMES.index(phases.VERIFY.name) : _NAMES.index(phases.COMMIT.name) + 1]


class Host(NamedTuple):
    """``phase`` is the last that was journaled; ``end`` is how its transaction ended, empty as long as it has not.

    ``told`` is what the client has heard of it: where it holds, or how it ended.
    """

    phase: str = "verify"
    live: str = OLD
    end: str = ""
    alive: bool = True
    words: tuple[str, ...] = (MIGRATE,)
    told: str = ""


class World(NamedTuple):
    hosts: tuple[Host, ...]
    said: tuple[str, ...] = (MIGRATE,)
    client: bool = True


def _holding(host: Host) -> str:
    return phases.find_phase(host.phase).holds if not host.end and host.alive else ""


def _host_steps(host: Host, *, client: bool) -> Iterator[Host]:
    """What a living agent may do next; ``client``: somebody is there to wait for."""
    if host.alive and not host.end:
        yield from _WORK[host.phase](host, client)
        yield host._replace(alive=False)


def _back(host: Host) -> Host:
    return host._replace(end="reverted", live=OLD)


def _work(host: Host, _client: bool) -> Iterator[Host]:
    yield host._replace(phase=PHASES[PHASES.index(host.phase) + 1])
    yield _back(host)  # it failed


def _ready(host: Host, client: bool) -> Iterator[Host]:
    if SWITCH in host.words and STOP not in host.words:
        yield host._replace(phase="switch")
    elif STOP in host.words or not client:
        yield _back(host)


def _switch(host: Host, _client: bool) -> Iterator[Host]:
    yield host._replace(phase="watch", live=NEW)


def _agree(host: Host, client: bool) -> Iterator[Host]:
    if COMMIT in host.words:
        yield host._replace(phase="commit")
    elif STOP in host.words:
        yield _back(host)
    elif not client:
        # In doubt: what served before serves again, and the transaction is left open.
        yield host._replace(alive=False, live=OLD)


def _commit(host: Host, _client: bool) -> Iterator[Host]:
    yield host._replace(end="live")


_WORK: Mapping[str, Callable[[Host, bool], Iterator[Host]]] = {
    "verify": _work,
    "ready": _ready,
    "switch": _switch,
    "watch": _work,
    "agree": _agree,
    "commit": _commit,
}


def _heard(host: Host) -> str:
    if host.end:
        return {"live": "well", "reverted": "failed"}[host.end]
    return _holding(host) if host.alive else "lost"


def _member(told: str) -> Member:
    ended = told in {"well", "failed", "lost"}
    return Member("" if ended else told, migrated=True, ended=told if ended else "")


def _steps(world: World) -> Iterator[World]:
    for number, host in enumerate(world.hosts):
        others = (*world.hosts[:number], *world.hosts[number + 1 :])
        changes = list(_host_steps(host, client=world.client))
        if world.client and host.told != _heard(host):
            changes.append(host._replace(told=_heard(host)))
        if world.client and host.alive and world.said != host.words:
            changes.append(host._replace(words=world.said))
        for changed in changes:
            yield world._replace(hosts=tuple(sorted((*others, changed))))
    if world.client:
        members = {str(number): _member(host.told) for number, host in enumerate(world.hosts)}
        word = plan_word(members, "0", frozenset(world.said))
        if word is not None:
            yield world._replace(said=(*world.said, word))
        yield world._replace(client=False)


def _reachable(size: int) -> Iterator[World]:
    first = World((Host(),) * size)
    seen, todo = {first}, [first]
    while todo:
        world = todo.pop()
        yield world
        for following in _steps(world):
            if following not in seen:
                seen.add(following)
                todo.append(following)


def _left(host: Host, kind: str) -> Transaction:
    return Transaction(
        1,
        kind,
        NEW,
        OLD,
        "t",
        "a",
        "r",
        0.0,
        phase=host.phase,
        committed=host.end == "live",
        hosts=("a", "b"),
    )


def _word(host: Host) -> str:
    return next((word for word in (COMMIT, STOP) if word in host.words), "")


@cache
def _standing(host: Host, kind: str) -> Standing:
    state = StateAnswer(
        serving=host.live,
        content=host.live,
        unfinished=None if host.end else replace(_left(host, kind).entry, word=_word(host)),
        unfinished_content=NEW,
        tasks=(RunningTask("t", "deploy", 60.0),) if host.alive and not host.end else (),
    )
    return standing_of(state)


@cache
def _repair(hosts: tuple[Host, ...], kind: str) -> tuple[Host, ...]:
    """What the next command makes of the hosts; one whose agent lives and waits is told its word instead."""
    decisions = plan_decisions({str(number): _standing(host, kind) for number, host in enumerate(hosts)})
    repaired = []
    for number, host in enumerate(hosts):
        decision = decisions.get(str(number))
        if decision is None:
            assert host.end, "whatever is open is decided when every host answers"
            repaired.append(host)
            continue
        if host.alive:
            # Its end is said once: the first word counts.
            end = {COMMIT: FINISH, STOP: REVERT}.get(_word(host), decision)
        else:
            end = plan_recovery(_left(host, kind), switched=host.live == NEW, decision=decision)
        done = end == FINISH
        repaired.append(host._replace(live=NEW if done else OLD, end="live" if done else "reverted"))
    return tuple(repaired)


@pytest.mark.parametrize(("size", "kind"), [(2, DEPLOY), (2, ROLLBACK), (3, DEPLOY)])
def test_any_death_anywhere_ends_with_one_release_everywhere(size: int, kind: str) -> None:
    """The next command finds one of all states that deaths can leave, and puts every host on the same release."""
    worlds = 0
    for world in _reachable(size):
        worlds += 1
        committed = any(host.end == "live" for host in world.hosts)
        failed = any(host.end == "reverted" for host in world.hosts)
        assert not (committed and failed), f"one committed and one went back: {world}"
        if not world.client:
            serving = {host.live for host in _repair(world.hosts, kind)}
            assert serving == ({NEW} if committed else serving), f"a commit was forgotten: {world}"
            assert len(serving) == 1, f"not the same everywhere: {world}"
    assert worlds > (200 if size == 2 else 2000), "the model has lost its states"


def _state(*tasks: tuple[str, float], task: str = "t", hosts: tuple[str, ...] = ("a", "b")) -> StateAnswer:
    return StateAnswer(
        serving="000001",
        content=OLD,
        unfinished=HistoryEntry(task=task, hosts=hosts, phase="verify", release="000002", word=""),
        unfinished_content=NEW,
        tasks=tuple(RunningTask(name, "deploy", heard) for name, heard in tasks),
    )


@pytest.mark.parametrize(
    ("state", "decided"),
    [
        pytest.param(_state(), True, id="dead"),
        pytest.param(_state(("t", 60.0)), True, id="left alone"),
        pytest.param(_state(("t", 3.0)), False, id="its client lives"),
        pytest.param(_state(("t", 60.0), hosts=()), False, id="one host needs no client"),
        pytest.param(_state(("other", 0.0)), False, id="somebody else is at work"),
        pytest.param(_state(("other", 60.0), ("t", 60.0)), False, id="somebody waits for it"),
    ],
)
def test_who_is_at_work_is_not_disturbed(state: StateAnswer, decided: bool) -> None:
    assert plan_decisions({"a": standing_of(state)}) == ({"a": REVERT} if decided else {})


def test_in_doubt_nobody_guesses() -> None:
    """A host that cannot be asked may have committed; one that has lost its history is no reason to wait."""
    doubt = Standing(content=OLD, left=NEW, may_follow=True)
    assert plan_decisions({"a": doubt, "b": None}) == {}
    assert plan_decisions({"a": doubt, "b": Standing(content=NEW)}) == {"a": FINISH}
    assert plan_decisions({"a": doubt, "b": Standing()}) == {"a": REVERT}
    assert plan_decisions({"a": doubt, "b": None, "c": Standing(content=NEW)}) == {"a": FINISH}
    assert plan_decisions({"a": Standing(content=OLD, left=NEW), "b": None}) == {"a": REVERT}
