"""At which ports calls between services are carried: what is open stays open, and whoever dies in the middle is made good."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fairlead.host.disk.layout import make_layout
from fairlead.host.disk.paths import app_paths
from fairlead.host.engine.containers import Container
from fairlead.host.run.context import Host
from fairlead.host.run.phases import carriers, leading
from fairlead.host.run.phases.leading import is_otherwise
from fairlead.host.wire.caddy.snippet import EITHER, read_spoken, render_inside
from fairlead.host.wire.errors import EngineFault, ReleaseFault
from tests.unit.host.samples import container

KINDS = ("http", "h2c", EITHER)
PORTS = (80, 443, 8000, 9000)
Spoken = dict[int, str]


class DiedError(Exception):
    """The agent is no more."""


@dataclass
class World:
    """A container that carries calls to ``api``, as the engine and its Caddys have it."""

    folder: Path
    main: Spoken
    seconds: dict[str, Spoken] = field(default_factory=dict)
    taken_up: int = 0
    left: int = 1 << 30
    words: str = ""
    """What a Caddy says that takes up nothing."""

    def effect(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise DiedError

    def spoken(self, port: int) -> set[str]:
        return {each[port] for each in (self.main, *self.seconds.values()) if port in each}

    def launch(self, _: str, argv: tuple[str, ...], environ: Mapping[str, str]) -> None:
        self.effect()
        file = self.folder / "carried" / argv[argv.index("--config") + 1].rpartition("/")[2]
        socket = environ["CADDY_ADMIN"].rpartition("/")[2].partition("|")[0]
        (self.folder / "run" / socket).touch()
        self.seconds[socket] = read_spoken("api", file.read_text()) or {}
        assert len(self.seconds) == 1

    def load(self, socket: Path, text: str) -> str:
        self.effect()
        spoken = read_spoken("api", text)
        assert spoken
        if self.words:
            return self.words
        if "+" in socket.name:
            assert socket.name in self.seconds
            self.seconds[socket.name] = spoken
        else:
            self.taken_up += self.main != spoken
            self.main = spoken
        return ""

    def is_up(self, socket: Path) -> bool:
        return socket.name in self.seconds

    def stop(self, socket: Path) -> str:
        self.effect()
        self.seconds.pop(socket.name, None)
        return ""

    def start_again(self) -> None:
        """As the engine does after a crash: the first program reads its file, and the second ones are gone."""
        file = self.folder / "carried" / "api.caddy"
        self.main, self.seconds = read_spoken("api", file.read_text()) or {}, {}


@dataclass
class Engine:
    world: World

    def launch(self, *words: Any) -> None:
        self.world.launch(*words)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[World, Host]:
    paths = app_paths(tmp_path, "board")
    make_layout(paths)
    made = World(paths.home, {8000: "http"})
    (paths.carried / "api.caddy").write_text(render_inside("api", made.main))
    carrier: Container = container("fairlead-inside-00000000", role="inside", carries="api")
    monkeypatch.setattr(carriers, "_LEAVING_SECONDS", 0.0)
    monkeypatch.setattr(leading, "_running", lambda _, services: [carrier] if "api" in services else [])
    monkeypatch.setattr(leading, "accepts", lambda _, ports: all(made.spoken(port) for port in ports))
    monkeypatch.setattr(leading, "load_caddyfile", made.load)
    monkeypatch.setattr(leading, "is_up", made.is_up)
    monkeypatch.setattr(leading, "stop_caddy", made.stop)
    monkeypatch.setattr(leading, "write_file", _write(made))
    return made, Host(paths, Engine(made), None, lambda _: None)  # type: ignore[arg-type]


def _write(world: World) -> Any:
    def write(path: Path, content: bytes, _: int) -> None:
        world.effect()
        path.write_bytes(content)

    return write


def _some(chance: random.Random) -> Spoken:
    return {port: chance.choice(KINDS) for port in sorted(chance.sample(PORTS, chance.randint(1, 3)))}


def test_what_is_written_is_read() -> None:
    """Of its own texts alone: one of another version is taken up anew."""
    chance = random.Random(1)  # noqa: S311 - not to hide
    for _ in range(50):
        spoken = _some(chance)
        text = render_inside("api", spoken)
        assert read_spoken("api", text) == spoken
        assert read_spoken("web", text) is None
        assert read_spoken("api", text.replace("refresh 1s", "refresh 2s")) is None
    assert read_spoken("api", "") is None


def test_only_what_is_to_be_carried_otherwise_is_taken_up_anew() -> None:
    """Another port, more of them or less, is no reason to touch what is open."""
    chance = random.Random(2)  # noqa: S311 - not to hide
    for _ in range(200):
        before, wanted = _some(chance), _some(chance)
        other = any(before[port] != wanted[port] for port in before.keys() & wanted.keys())
        assert is_otherwise("api", render_inside("api", before), wanted) == other
    assert is_otherwise("api", None, {8000: "http"})
    assert is_otherwise("api", "# of another version", {8000: "http"})


def test_ports_come_and_go_and_nobody_is_cut_off(world: tuple[World, Host]) -> None:
    """What the first program has stays as it was, and what nobody is called at any more is closed."""
    made, host = world
    for wanted in ({8000: "http", 9000: EITHER}, {8000: "http", 9000: EITHER, 443: "http"}, {8000: "http"}):
        assert list(leading._lead(host, {"api": wanted})) == []
        _settle(host, wanted)
        assert all(made.spoken(port) == {said} for port, said in wanted.items())
        assert (made.main, made.taken_up) == ({8000: "http"}, 0)
    assert made.seconds == {}
    assert [file.name for file in host.paths.carried.iterdir()] == ["api.caddy"]


def test_all_further_ports_are_of_one_program(world: tuple[World, Host]) -> None:
    """However many releases bring one each: a container has room for few programs."""
    made, host = world
    wanted: Spoken = {8000: "http"}
    for port in range(9000, 9012):
        wanted = {**wanted, port: EITHER}
        assert list(leading._lead(host, {"api": wanted})) == []
        _settle(host, wanted)
        assert len(made.seconds) == 1
        assert all(made.spoken(one) == {said} for one, said in wanted.items())
    assert (made.main, made.taken_up) == ({8000: "http"}, 0)
    _settle(host, {8000: "http", 9001: EITHER})
    assert made.spoken(9000) == {EITHER}, "nobody is cut off at 9001 for it"
    assert list(leading._lead(host, {"api": {8000: "http", 9000: "http", 9001: EITHER}})) == []
    assert (made.spoken(9000), made.seconds) == ({"http"}, {}), "it is known to be open, as something else"


def test_what_is_not_taken_up_closes_nothing(world: tuple[World, Host]) -> None:
    """What serves is called at its further ports as before, when a release that wants another protocol is refused."""
    made, host = world
    live = {8000: "http", 9000: EITHER}
    assert list(leading._lead(host, {"api": live})) == []
    made.words = "timed out"
    for coming in ({8000: EITHER, 9000: EITHER}, {8000: "http", 9000: "http"}):
        assert [words for _, words in leading._lead(host, {"api": coming})] == ["timed out"]
        assert made.spoken(9000) == {EITHER}
        _settle(host, coming)
        assert made.spoken(9000) == {EITHER}
        _settle(host, live)
    assert made.spoken(9000) == {EITHER}


def test_files_of_containers_that_are_gone_go(world: tuple[World, Host]) -> None:
    """Another container has the service's calls, and has read at its start where it listens."""
    made, host = world
    made.main = {8000: "http", 9000: EITHER}
    (host.paths.carried / "api+fairlead-inside-11111111.caddy").write_text(
        render_inside("api", {9000: EITHER})
    )
    _settle(host, made.main)
    assert [file.name for file in host.paths.carried.iterdir()] == ["api.caddy"]


def test_a_container_that_starts_again_listens_everywhere(world: tuple[World, Host]) -> None:
    """And what a second program's death has closed is opened by the next command."""
    made, host = world
    wanted = {8000: "http", 9000: EITHER}
    assert list(leading._lead(host, {"api": wanted})) == []
    made.seconds.clear()
    _settle(host, wanted)
    assert made.spoken(9000) == {EITHER}
    made.start_again()
    assert made.main == wanted


def test_a_port_that_has_closed_is_opened_by_whichever_command_is_next(
    world: tuple[World, Host], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is written down tells nothing of whether the second program lives; where it cannot start, that is told."""
    made, host = world
    wanted = {8000: "http", 9000: EITHER}
    state = SimpleNamespace(containers=list(leading._running(host, {"api"})))
    deploy: Any = SimpleNamespace(host=host, engine=host.engine, state=state)
    monkeypatch.setattr(leading, "refresh_containers", lambda _, known: known)
    monkeypatch.setattr(leading, "_under_way", lambda _: ())
    monkeypatch.setattr(leading, "spoken_by", lambda _: {"api": wanted})
    assert not leading.is_led(deploy)
    leading.lead_to_come(deploy)
    assert leading.is_led(deploy)
    made.seconds.clear()
    assert not leading.is_led(deploy)
    leading.lead_to_come(deploy)
    assert (leading.is_led(deploy), made.spoken(9000)) == (True, {EITHER})
    made.seconds.clear()
    monkeypatch.setattr(Engine, "launch", _refuse)
    with pytest.raises(ReleaseFault, match="does not take up the ports of this release") as told:
        leading.lead_to_come(deploy)
    assert told.value.why == "the engine says 409: it does not run"


def _refuse(*_: Any) -> None:
    raise EngineFault("the engine says 409", why="it does not run")


def test_whoever_dies_in_the_middle_is_made_good(world: tuple[World, Host]) -> None:
    """Before each effect in turn: what served before goes on being called, and the next command opens what is wanted."""
    made, host = world
    chance = random.Random(3)  # noqa: S311 - not to hide
    for _ in range(60):
        live = dict(made.main)
        coming = {**live, **_some(chance)} if chance.random() < 0.7 else _some(chance)
        both = {
            port: said if live.get(port, said) == said else EITHER
            for port, said in {**live, **coming}.items()
        }
        made.left = chance.randint(0, 8)
        made.words = "timed out" if chance.random() < 0.2 else ""
        with contextlib.suppress(DiedError):
            assert list(leading._lead(host, {"api": both})) == [] or made.words
            _settle(host, both)
        made.left, made.words = 1 << 30, ""
        assert all(made.spoken(port) for port in live), (live, both)
        if chance.random() < 0.3:
            made.seconds.clear()
        back = chance.random() < 0.5
        wanted = live if back else coming
        if not back:
            assert list(leading._lead(host, {"api": both})) == []
        _settle(host, wanted)
        assert all(made.spoken(port) for port in wanted), (live, coming, back)
        assert read_spoken("api", (host.paths.carried / "api.caddy").read_text()) == wanted
        made.start_again()
        assert made.main == wanted


def _settle(host: Host, wanted: Spoken) -> None:
    """What ``lead_as_it_serves`` does for a release that is called so."""
    leading.lead_as(host, {"api": wanted})
