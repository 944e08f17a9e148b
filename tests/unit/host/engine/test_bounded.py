"""What a container may write is read within bounds, whatever it writes."""

from __future__ import annotations

import itertools
import json
import os
import random
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fairlead.host.disk.paths import app_paths
from fairlead.host.engine.bounded import Bound, OverdueError, TooLargeError
from fairlead.host.engine.containers import Container
from fairlead.host.engine.engine import Engine
from fairlead.host.engine.unixhttp import MAX_LINE, UnixConnection, read_frames, split_lines
from fairlead.host.watch import inflight
from fairlead.host.watch.evidence import read_evidence
from fairlead.host.watch.inflight import (
    InFlight,
    answers_admin,
    count_in_flight,
    find_admin_sockets,
    sum_in_flight,
)
from fairlead.host.watch.traffic import parse_counts
from fairlead.host.wire.errors import EngineFault, StoppedFault
from fairlead.host.wire.plainjson import parse_json
from tests.patience import PATIENCE
from tests.unit.host.hostile import DRIPS, FLOODS, dripping, hostile


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy is waited for as shortly as the test likes."""
    monkeypatch.setattr(inflight, "_TIMEOUT", 0.3)


@pytest.mark.parametrize("name", FLOODS)
def test_an_admin_socket_that_floods(tmp_path: Path, name: str) -> None:
    """Nothing is counted, nothing is kept, and nothing is raised."""
    with hostile(tmp_path / "admin.sock", FLOODS[name]) as server:
        assert count_in_flight([server.path], {"a"}) is None
        assert server.left.wait(PATIENCE)


@pytest.mark.usefixtures("short")
@pytest.mark.parametrize("name", DRIPS)
def test_an_admin_socket_that_drips(tmp_path: Path, name: str) -> None:
    """The time is for the whole answer: the connection is closed, though something comes all the while."""
    with dripping(tmp_path / "admin.sock", DRIPS[name]) as server:
        assert count_in_flight([server.path], {"a"}) is None
        assert server.left.wait(PATIENCE)
        assert server.sent < 2000


@pytest.mark.usefixtures("short")
def test_many_admin_sockets_take_the_time_of_one(tmp_path: Path) -> None:
    """The folder is the proxy's own: it may put as many there as it likes."""
    with dripping(tmp_path / "admin.sock", DRIPS["a body"]) as server:
        for number in range(500):
            (tmp_path / f"admin-{number}.sock").symlink_to(server.path)
            os.link(server.path, tmp_path / f"admin-a{number}.sock")
        assert count_in_flight(sorted(tmp_path.glob("admin*.sock")), {"a"}) is None
        assert server.sent < 2000


def test_an_app_of_many_services_is_counted_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each service that others call has a socket: what is under way by the last of them is waited for as well."""
    paths = app_paths(tmp_path, "board")
    paths.run.mkdir(parents=True)
    paths.admin_socket.touch()
    for number in range(30):
        paths.inside_socket(f"fairlead-inside-{number:08x}").touch()
    monkeypatch.setattr(inflight, "read_upstreams", lambda *_: [{"address": "a:08000", "num_requests": 1}])
    assert count_in_flight(find_admin_sockets(paths), {"a"}) == InFlight(31, 0)


def test_only_a_socket_is_asked(tmp_path: Path) -> None:
    """No link to another socket (the engine's, the edge's), no pipe, no file, no folder, nothing that loops."""
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]"
    with hostile(tmp_path / "real", lambda: iter([answer])) as server:
        assert answers_admin(server.path)
        assert server.left.wait(PATIENCE)
        server.left.clear()
        places = [tmp_path / f"admin-{number}.sock" for number in range(5)]
        places[0].symlink_to(server.path)
        os.mkfifo(places[1])
        places[2].write_bytes(answer)
        places[3].mkdir()
        places[4].symlink_to(places[4])
        assert [answers_admin(place) for place in places] == [False] * 5
        assert count_in_flight(places, {"a"}) is None
        assert not server.left.is_set(), "the socket behind a link was asked"


def test_a_socket_with_a_long_path_is_asked(tmp_path: Path) -> None:
    """A socket's own limit of 107 bytes is for names, and the app's folder may be deep."""
    deep = tmp_path / ("d" * 100)
    deep.mkdir()
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]"
    with hostile(tmp_path / "s", lambda: iter([answer])) as server:
        server.path.rename(deep / "s")
        assert answers_admin(deep / "s")


def test_what_is_counted_makes_sense_or_does_not_count() -> None:
    """Negative, huge, unnumbered, unaddressed, repeated: an estimate may be wrong, but it is a small number of things."""
    good = {"address": "a:08000", "num_requests": 1, "fails": 1}
    bad: list[Any] = [
        {**good, "num_requests": -9, "fails": -9},
        {**good, "num_requests": 1 << 70, "fails": 1 << 70},
        {**good, "num_requests": "9", "fails": "9"},
        {**good, "num_requests": 1.5, "fails": float("inf")},
        {**good, "address": "a:0" + "0" * 5000 + "8"},
        {**good, "address": "a:" + "9" * 5000},
        {**good, "address": ["a:08000"]},
        {**good, "address": "a:٨٠"},
        [], None, 7, "x",
    ]  # fmt: skip
    for one in bad:
        assert not any(count > 1 for count in parse_counts([good, one]).values())
        try:
            assert sum_in_flight([good, one], {"a"}).whole <= 1
        except ValueError:
            continue


def test_json_of_any_shape_is_read_or_refused() -> None:
    """A generator of hostile JSON, seeded: never anything but a value or a ValueError."""
    chance = random.Random(13)  # noqa: S311 - the same each time
    pieces = ["[", "{", '"a":', "9" * 5000, "-", "1e999", "NaN", "Infinity", "null", '"\\ud800"', "]", "}", ",", "1", '{"a":1,"a":2}']  # fmt: skip
    for _ in range(3000):
        text = "".join(chance.choices(pieces, k=chance.randrange(1, 12)))
        try:
            found = parse_json(text)
        except ValueError:
            continue
        assert "NaN" not in json.dumps(found)
    for deep in ("[" * 200_000, '{"a":' * 200_000, "[" * 200_000 + "]" * 200_000):
        with pytest.raises(ValueError, match=r"nested|Expecting"):
            parse_json(deep)


def test_a_line_without_an_end_is_cut() -> None:
    """A gigabyte in one line takes no more memory than a piece of it."""
    total = 0
    for line in split_lines(itertools.repeat(b"x" * 65_000, 1000)):
        assert len(line) <= MAX_LINE
        total += len(line)
    assert total == 65_000_000
    huge = list(split_lines(iter([b"a" * 200_000 + b"\r\nb\r\n", b"c"])))
    assert ([len(one) for one in huge[:-2]], huge[-2:]) == ([65536, 65536, 65536, 3392], ["b", "c"])


def test_frames_are_not_waited_for_as_a_whole() -> None:
    """A header that promises gigabytes is not kept in memory until they have come; frames may be split anywhere."""
    header = b"\x01\0\0\0" + (1 << 31).to_bytes(4, "big")
    source = itertools.chain([header], itertools.repeat(b"x" * 1000, 3))
    assert next(read_frames(source)) == b"x" * 1000
    chance = random.Random(13)  # noqa: S311 - the same each time
    for _ in range(300):
        payloads = [os.urandom(chance.randrange(0, 40)) for _ in range(chance.randrange(0, 6))]
        raw = b"".join(b"\x02\0\0\0" + len(one).to_bytes(4, "big") + one for one in payloads)
        cuts = sorted(chance.randrange(0, len(raw) + 1) for _ in range(5))
        ends = [*cuts, len(raw)]
        parts = [raw[start : ends[number]] for number, start in enumerate([0, *cuts])]
        assert b"".join(read_frames(iter(parts))) == b"".join(payloads)


def test_the_clock_is_for_the_whole() -> None:
    """With a clock of its own: what is left shrinks, and a piece each second does not make it longer."""
    now = [0.0]
    bound = Bound(5.0, clock=lambda: now[0])
    ours, theirs = socket.socketpair()
    with ours, theirs:
        received = 0
        for _ in range(5):
            theirs.sendall(b"a")
            received += bound.receive(ours, bytearray(10))
            now[0] += 1.0
        theirs.sendall(b"a")
        with pytest.raises(OverdueError):
            bound.receive(ours, bytearray(10))
        assert received == 5


def test_the_size_is_for_the_whole() -> None:
    """Headers and all."""
    bound = Bound(5.0, 10)
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(b"a" * 20)
        assert bound.receive(ours, bytearray(10)) == 10
        with pytest.raises(TooLargeError):
            bound.receive(ours, bytearray(10))


def test_stop_ends_the_wait() -> None:
    """Whoever waits for an answer hears what the client says meanwhile."""
    heard = iter([False, False, True])

    def checkpoint() -> None:
        if next(heard):
            raise StoppedFault("stopped")

    ours, theirs = socket.socketpair()
    with ours, theirs, pytest.raises(StoppedFault):
        Bound(60.0, checkpoint=checkpoint).receive(ours, bytearray(10))


def _engine_that_says(path: Path, body: Iterator[bytes]) -> Any:
    """An engine whose every answer is this."""
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\n\r\n"
    return hostile(path, lambda: itertools.chain([head], body))


def test_a_health_check_that_floods_or_drips_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it prints is not kept, and its time is for the whole of it, as the engine has it."""
    monkeypatch.setattr(Engine, "post", lambda *_, **__: {"Id": "x"})
    with _engine_that_says(tmp_path / "flood", itertools.repeat(b"x" * 65536)) as server:
        assert Engine(str(server.path), environ={}).execute("c", ["x"], timeout=60) is None
        assert server.left.wait(PATIENCE)
    with dripping(tmp_path / "drip", DRIPS["a body"]) as server:
        assert Engine(str(server.path), environ={}).execute("c", ["x"], timeout=0.3) is None
        assert server.left.wait(PATIENCE)


def test_evidence_is_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Twenty lines of a container, each cut, of whatever it has printed; what came before it got too much is told."""
    monkeypatch.setattr(Engine, "inspect", lambda *_: {"Config": {"Tty": True}})
    container = Container.__new__(Container)
    object.__setattr__(container, "__dict__", {"id": "c", "service": "web", "name": "w", "health_log": ()})
    with _engine_that_says(tmp_path / "s", itertools.repeat(b"x" * 9000 + b"\n")) as server:
        found = read_evidence(Engine(str(server.path), environ={}), container)
        assert server.left.wait(PATIENCE)
    assert len(found) <= 20
    assert max(map(len, found)) < 2100
    assert found[-1].startswith("web: (no more logs: ")


def test_the_engine_itself_is_not_waited_for_for_ever(tmp_path: Path) -> None:
    """It is trusted, but what it hands on is a container's."""
    with dripping(tmp_path / "s", DRIPS["a body"]) as server:
        with pytest.raises(EngineFault, match="does not end"):
            Engine(str(server.path), environ={}).call("GET", "/x", {}, timeout=0.3)
        assert server.left.wait(PATIENCE)


def test_a_server_that_does_not_read(tmp_path: Path) -> None:
    """A request larger than the pipe is given up in time, too."""
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "s"))
        listening.listen()
        connection = UnixConnection(str(tmp_path / "s"), Bound(0.3))
        with pytest.raises(TimeoutError):
            connection.request("POST", "/", b"x" * (1 << 24))
        connection.close()
