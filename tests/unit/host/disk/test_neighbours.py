"""A key of some apps hears of no other app of its host: no name, container, hostname or path, whoever says it."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as some

from fairlead.host.disk.events import EVENTS
from fairlead.host.disk.lock import read_holder
from fairlead.host.disk.neighbours import Discretion, named, named_all
from fairlead.host.disk.paths import Paths
from fairlead.host.disk.place import Meeting, Place
from fairlead.host.door.check import judge_port
from fairlead.host.edge.claims import hostname_fault
from fairlead.host.edge.lifecycle import _of_edge, edge_lock
from fairlead.host.edge.meetings import make_networks
from fairlead.host.edge.plan import leave_fault
from fairlead.host.engine.api import ApiFault
from fairlead.host.plan.plan import plan_deploy
from fairlead.host.plan.preflight import port_fault
from fairlead.host.plan.trespass import Neighbours, find_trespass
from fairlead.host.wire.answer import render_answer
from fairlead.host.wire.errors import EngineFault, as_fault
from fairlead.host.wire.mask import Mask
from fairlead.host.wire.restriction import Restriction
from fairlead.host.wire.result import render_error
from tests.unit.host.said import Said
from tests.unit.host.samples import nothing, release

KEY = "SHA256:" + "a" * 43
OURS = Restriction(KEY, frozenset({"board"}), None)
ROOT = Path("/srv/fairlead")
DISCRETE = Discretion(ROOT, OURS.sees)
HOLDER = {"Names": ["/zebra-caddy-1"], "Labels": {"dev.fairlead.app": "zebra"}}
EDGE = {"Names": ["/fairlead-edge-1"], "Labels": {"dev.fairlead.role": "edge"}}


def _trespasses() -> list[str]:
    volumes = {"theirs": {"name": "zebra_data", "external": True}, "odd": {"name": "odd", "external": True}}
    host = Neighbours(
        str(ROOT),
        "/run/docker.sock",
        "board",
        ("zebra",),
        lambda path: path,
        lambda _: False,
        lambda _, name: "zebra" if name == "odd" else "",
    )
    return [
        text.replace("zebra_data", "what it asked for")
        for text in find_trespass(release(volumes=volumes), host)
    ]


def _holder(folder: Path) -> str:
    with edge_lock(Place(folder), "zebra"):
        return str(read_holder(Place(folder).lock))


SAYINGS: dict[str, Callable[[], Any]] = {
    "a hostname": lambda: render_error(hostname_fault("board.example.com", "zebra")),
    "a port of an app": lambda: render_error(port_fault(80, "caddy", HOLDER, [])),
    "a port of the edge": lambda: render_error(port_fault(80, "caddy", EDGE, ["yak", "zebra"])),
    "who leaves the edge": lambda: render_error(leave_fault("board", ["yak", "zebra"])),
    "a check of a port": lambda: render_answer(
        judge_port(80, True, [{**HOLDER, "Ports": [{"PublicPort": 80}]}])
    ),
    "a project": lambda: render_answer(plan_deploy(release(), replace(nothing(), clashes=("zebra",))).answer),
    "a namesake": lambda: render_answer(
        plan_deploy(release(), replace(nothing(), namesakes=("zebra",))).answer
    ),
    "a trespass": _trespasses,
    "the edge's last words": lambda: list(_of_edge(['{"host": "zebra.example.com"}', "no «zebra»: a zebra"])),
    "a file": lambda: render_error(as_fault(PermissionError(13, "no", f"{ROOT}/zebra/releases/000042"))),
}


@pytest.mark.parametrize("say", SAYINGS.values(), ids=list(SAYINGS))
def test_what_names_another_app_is_told_without_it(say: Callable[[], Any]) -> None:
    told = say()
    assert "zebra" in json.dumps(told)
    assert "zebra" not in json.dumps(DISCRETE.document(told))
    assert Discretion(ROOT, Restriction().sees).document(told) == told


def test_who_changes_the_edge_is_another_app(tmp_path: Path) -> None:
    told = _holder(tmp_path)
    assert "by «zebra»" in told
    assert "by another app" in DISCRETE.text(told)


def test_it_still_reads() -> None:
    assert DISCRETE.document(SAYINGS["a hostname"]())["what"] == (
        "board.example.com is served by another app on this host"
    )
    assert DISCRETE.text(f"for {named_all(['yak', 'zebra'])} too") == "for other apps too"
    assert DISCRETE.text(f"for {named('board')}, {named('zebra')}") == "for «board», another app"


def test_paths_of_its_own_stay() -> None:
    for path in (f"{ROOT}/board/releases/000042", f"{ROOT}/agents/1a", f"{ROOT}", f"at {ROOT}/board: no"):
        assert DISCRETE.text(path) == path
    for path in ("zebra", "board-zebra/x", "edge/hosts/zebra.example.com", "removed.journals/zebra-1.jsonl"):
        assert "zebra" not in DISCRETE.text(f"at {ROOT}/{path}, `{ROOT}//{path}`")


@given(some.text(alphabet="«»: /\nax"))
def test_whatever_stands_in_a_name_nothing_of_it_gets_through(what: str) -> None:
    hidden = DISCRETE.text(f"({named('zebra', f'{what}quagga{what}')})")
    assert hidden == "(not told)"


def test_what_a_task_or_the_journal_kept_is_told_to_each_key_by_what_it_may(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An unrestricted key was refused, and was told by whom; who reads its events later may not hear of that app."""
    paths = Paths(tmp_path, "board")
    folder = paths.task("20300101T000000-aaaaaa")
    folder.mkdir(parents=True)
    error = render_error(hostname_fault("board.example.com", "zebra"))
    event = {"event": "result", "status": "refused", "exit": 2, "error": error}
    (folder / EVENTS).write_text(json.dumps(event) + "\n")
    asked = {"request": "attach", "app": "board", "task": folder.name}
    said = Said(tmp_path, monkeypatch)
    assert "zebra" in said.ask(Restriction(), asked)[-1]["error"]["what"]
    assert "another app" in said.ask(OURS, asked)[-1]["error"]["what"]
    assert "zebra" not in json.dumps(said.ask(OURS, asked))


def test_what_its_own_app_prints_is_told_as_it_is(tmp_path: Path) -> None:
    """In its own words anything may stand between such quotes."""
    from fairlead.host.door.door import Door
    from fairlead.host.wire.frames import FrameReader, FrameWriter

    here, there = os.memfd_create("asked"), os.memfd_create("told")
    door = Door(tmp_path, FrameReader(here), FrameWriter(there), ("agent",), OURS)
    event = {"event": "log", "line": "un «mot»"}
    assert door._visible_to_key(event) == event
    os.close(here)
    os.close(there)


@pytest.mark.parametrize(
    "secret",
    [
        *("» on this host", "the app «", "app «zeb", "zebra", "ebra» on", "y the app «zebra» o"),
        *("/srv/fairlead", "/srv/fair", "lead/zeb", "at /srv/fairlead/zeb", "bra/releases"),
        *("fairlead-edge-", "networks/fairlead-edge-zeb", "fairl", "bra-0a", "edge-"),
    ],
)
def test_a_secret_that_was_chosen_for_it_breaks_no_mark(secret: str) -> None:
    """Who deploys chooses values that are hidden, and what tells a name from other words would be hidden with them."""
    told = [
        render_error(hostname_fault("board.example.com", "zebra")),
        f"no room at {ROOT}/zebra/releases/000042",
        "POST /networks/fairlead-edge-zebra-0a1b2c3d/connect",
    ]
    assert not re.search("zeb|bra", json.dumps(DISCRETE.document(Mask([secret]).document(told))))


@pytest.mark.parametrize(
    "text",
    [
        "the engine refused POST /networks/fairlead-edge-zebra-0a1b2c3d/connect",
        "network fairlead-edge-zebra-2-0a1b2c3d not found",
        "endpoint with name fairlead-edge-1 already exists in network fairlead-edge-zebra-0a1b2c3d",
    ],
)
def test_what_the_engine_says_of_the_network_of_another_app_is_told_without_it(text: str) -> None:
    told = DISCRETE.text(text)
    assert "zebra" not in told
    assert "0a1b2c3d" not in told
    own = text.replace("zebra-2", "board").replace("zebra", "board")
    assert DISCRETE.text(own) == own
    assert Discretion(ROOT, Restriction().sees).text(text) == text


def test_an_app_for_whose_network_there_is_no_room_is_another_app() -> None:
    class Full:
        def get(self, path: str, **_: object) -> Any:
            return {} if path == "/info" else []

        def post(self, *_: object, **__: object) -> Any:
            raise ApiFault("no", status=500, why="full")

    with pytest.raises(EngineFault) as raised:
        make_networks(cast("Any", Full()), [Meeting("zebra", "0" * 40)])
    told = render_error(raised.value)
    assert "zebra" in json.dumps(told)
    assert "zebra" not in json.dumps(DISCRETE.document(told))
