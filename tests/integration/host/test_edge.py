"""A network an app, between its proxy and the edge: there whenever it is needed, and gone with the app."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from fairlead.host.disk.place import NETWORK, Meeting
from fairlead.host.edge import meetings
from fairlead.host.edge import project as edge_project
from fairlead.host.edge.claims import read_claim, read_hosts
from fairlead.host.edge.meetings import read_meetings
from fairlead.host.engine.containers import find_edge
from fairlead.host.engine.engine import Engine
from fairlead.host.run.phases import beside, claim
from fairlead.host.run.removal import run_remove
from fairlead.host.shape import project as projects
from fairlead.host.state.maintenance import end_maintenance, start_maintenance
from fairlead.host.watch.patience import wait_until
from fairlead.host.wire.page import WantedPage
from tests.integration.host.sheet import SICK
from tests.integration.host.street import Street, open_street
from tests.modes import find_loose
from tests.patience import PATIENCE


class Killed(BaseException):
    """The agent died here."""


@pytest.fixture
def street(image: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Street]:
    """A host with an edge on other ports."""
    with open_street(tmp_path, image, monkeypatch) as made:
        yield made


def _networks(street: Street) -> set[str]:
    """The edge's networks, but for those of tests that were killed."""
    found = street.engine.get("/networks", filters=json.dumps({"name": [NETWORK]}))
    names = {one["Name"] for one in found}
    return {name for name in names if name == NETWORK or f"-{os.getpid()}-" in name}


def _in_order(street: Street, *names: str) -> None:
    """These apps are served, each has its network, the edge is in all of them, and there is no other."""
    for name in names:
        assert street.ask(f"{name}.example.com")[0] == 200, name
    expected = {one.network for one in read_meetings(street.place)} | {NETWORK}
    assert len(expected) == len(names) + 1
    assert (_networks(street), set(street.edge.networks)) == (expected, expected)
    listed = json.loads(street.place.project.read_bytes())["networks"].values()
    assert {one["name"] for one in listed} == expected
    assert find_loose(street.place.home.parent) == []


def _serves(street: Street, name: str) -> bool:
    try:
        return street.ask(f"{name}.example.com")[0] == 200
    except OSError:
        return False


def _remove(street: Street, name: str) -> None:
    assert run_remove(street.app(name).paths, lambda _: None, volumes=True).status == "ok"


@contextmanager
def _asking(street: Street, name: str) -> Iterator[list[tuple[int, str]]]:
    """Ask an app all the while, every 10 ms; what is not 200 is collected.

    No faster: both processors would do nothing else, and the deploy that is looked at is what takes long then.
    """
    bad: list[tuple[int, str]] = []
    done = threading.Event()

    def ask() -> None:
        while not done.wait(0.02):
            answer = street.ask(f"{name}.example.com")
            if answer[0] != 200:
                bad.append(answer)

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        yield bad
    finally:
        done.set()
        for thread in threads:
            thread.join()


def test_the_networks_are_there_again_whatever_happened_to_the_edge(street: Street) -> None:
    """It is restarted, removed, or out of a network: the next command of any app puts it right."""
    for name in ("board", "shop"):
        street.serve(name, street.sheet(name, 1))
    _in_order(street, "board", "shop")
    start_maintenance(street.app("board").paths, WantedPage("closed"), "alice")
    assert [street.ask(f"{name}.example.com") for name in ("board", "shop")] == [
        (503, "closed"),
        (200, "shop 1"),
    ]
    end_maintenance(street.app("board").paths, "alice")
    (meeting, _) = read_meetings(street.place)
    street.engine.post(
        f"/networks/{meeting.network}/disconnect", {"Container": street.edge.id, "Force": True}
    )
    assert street.app("shop").repair().status == "ok"
    _in_order(street, "board", "shop")
    street.engine.stop(street.edge.id, grace=10)
    street.engine.start(street.edge.id)
    assert wait_until(lambda: _serves(street, "board"), timeout=PATIENCE)
    _in_order(street, "board", "shop")
    street.engine.remove(street.edge.id)
    assert street.app("board").repair().status == "ok"
    _in_order(street, "board", "shop")


@pytest.mark.long
def test_an_agent_that_dies_on_the_way_leaves_nothing_that_the_next_command_does_not_mend(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After each step of joining, and before the last of leaving; the app beside it is served all the while."""
    street.serve("board", street.sheet("board", 1))
    edge = street.edge.id
    steps = [
        *((meetings, step) for step in ("make_networks", "connect_edge")),
        (claim, "claim_hostnames"),
        (beside, "write_claim"),
    ]
    with _asking(street, "board") as bad:
        for number, (module, name) in enumerate(steps):
            with monkeypatch.context() as patch:
                patch.setattr(module, name, _then_die(getattr(module, name)))
                with pytest.raises(Killed):
                    street.app("shop").deploy(street.sheet("shop", 2 * number + 1))
            street.serve("shop", street.sheet("shop", 2 * number + 2))
            _in_order(street, "board", "shop")
            if number == 0:
                with monkeypatch.context() as patch:
                    patch.setattr(Engine, "delete", _die_after_network(Engine.delete))
                    with pytest.raises(Killed):
                        _remove(street, "shop")
            _remove(street, "shop")
            _in_order(street, "board")
            assert set(read_hosts(street.place).values()) == {street.app("board").app}
    assert bad == []
    assert street.edge.id == edge, "nobody restarted it"


def test_a_first_deploy_that_fails_keeps_no_hostname(street: Street) -> None:
    """Nobody was served by it: another app may have the name at once, and the edge goes with the last that has one."""
    sheet = street.sheet("shop", 1, "wanted.example.com")
    sheet.web(definition={"healthcheck": SICK})
    assert street.app("shop").deploy(sheet).status == "refused"
    assert read_hosts(street.place) == {}
    assert find_edge(street.engine) is None
    street.serve("board", street.sheet("board", 1, "wanted.example.com"))
    assert street.ask("wanted.example.com") == (200, "board 1")


@pytest.mark.long
def test_apps_of_the_one_network_of_before_move_to_their_own_without_a_lost_request(
    street: Street, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An edge that an older Fairlead started goes on serving those that are still there; each deploy moves one."""
    street.engine.post("/networks/create", {"Name": NETWORK})
    with monkeypatch.context() as patch:
        patch.setattr(Meeting, "network", NETWORK)
        patch.setattr(Meeting, "proxy", lambda self, mark: f"{mark[:12]}.{self.app}")
        patch.setattr(projects, "_APART", "fairlead-edge")
        patch.setattr(edge_project, "edge_hash", lambda *_: "of another Fairlead")
        for name in ("board", "shop"):
            street.serve(name, street.sheet(name, 1))
    for entry in street.place.tokens.iterdir():
        entry.unlink()
    edge = street.edge.id
    with _asking(street, "board") as bad, _asking(street, "shop") as worse:
        for name in ("board", "shop"):
            street.serve(name, street.sheet(name, 2))
    assert (bad, worse) == ([], [])
    assert street.edge.id == edge
    _in_order(street, "board", "shop")
    assert set(street.engine.get(f"/networks/{NETWORK}")["Containers"]) == {edge}
    assert street.app("board").rollback().status == "live"
    assert street.ask("board.example.com") == (200, "board 1")
    claimed = read_claim(street.place, street.app("board").app)
    assert claimed is not None
    assert claimed.name.endswith(".internal"), (
        "what an older Fairlead deployed is gone back to in its own network"
    )
    assert street.app("shop").deploy(street.sheet("shop", 3), upgrade_edge=True).status == "live"
    assert street.edge.id != edge
    _in_order(street, "board", "shop")


def _die_after_network(step: Callable[..., Any]) -> Callable[..., Any]:
    def run(engine: Engine, path: str, **query: Any) -> Any:
        step(engine, path, **query)
        if NETWORK in path:
            raise Killed

    return run


def _then_die(step: Callable[..., Any]) -> Callable[..., Any]:
    def run(*given: Any, **named: Any) -> Any:
        step(*given, **named)
        raise Killed

    return run
