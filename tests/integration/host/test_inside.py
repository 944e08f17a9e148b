"""Calls between services: they go on while what carries them is replaced, and whatever a client of before wrote."""

from __future__ import annotations

import contextlib
import http.client
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from fairlead.host.engine.containers import Container, read_app_containers
from fairlead.host.engine.engine import Engine
from fairlead.host.engine.reload import stop_caddy
from fairlead.host.run.phases.carriers import accepts
from fairlead.host.run.serving import ask_public
from fairlead.host.state.state import read_state
from lab.invariants import find_disorder
from tests.integration.host.calls import add_caller, answering, call, find_caller
from tests.integration.host.sheet import SICK, Sheet
from tests.integration.host.stage import Stage
from tests.patience import PATIENCE


def _app(stage: Stage, number: int, *names: str) -> Sheet:
    sheet = stage.sheet(number)
    sheet.watch = {"window": 0}
    for name in ("web", *names):
        answering(sheet, name, 8000, f"{name} {sheet.revision[:4]}")
    add_caller(sheet)
    sheet.proxy()
    return sheet


def _as_before(sheet: Sheet) -> Sheet:
    """As a client wrote it that gave the names of services to the proxy, and named no image."""
    networks = sheet.services["caddy"]["definition"]["networks"]
    networks["default"] = {"aliases": sorted(sheet.routes)}
    sheet.extra["proxy"] = {"service": "caddy"}
    return sheet


@contextmanager
def _calling(caller: Container, whom: str) -> Iterator[list[str]]:
    """Call all the time, every 5 ms; the answers, and what went wrong instead of one."""
    heard: list[str] = []
    over = threading.Event()

    def go_on() -> None:
        while not over.wait(0.01):
            try:
                heard.append(call(caller, whom))
            except OSError as error:
                heard.append(f"lost: {error}")

    threads = [threading.Thread(target=go_on) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        yield heard
    finally:
        over.set()
        for thread in threads:
            thread.join()


def _carrier(stage: Stage, service: str) -> Container:
    own = (one for one in read_app_containers(Engine.connect(), stage.paths) if one.role == "inside")
    (found,) = (one for one in own if one.carries == service)
    return found


@contextmanager
def _connected(stage: Stage) -> Iterator[Callable[[], str]]:
    """Ask ``web`` as a service that keeps one connection open does: through what carries its calls, and never anew."""
    connection = http.client.HTTPConnection(_carrier(stage, "web").addresses[0], 8000, timeout=PATIENCE)
    connection.connect()
    own = connection.sock

    def ask() -> str:
        connection.request("GET", "/", headers={"Host": "web"})
        with connection.getresponse() as answer:
            text = answer.read().decode()
        assert connection.sock is own
        return text.partition(" as ")[0]

    with contextlib.closing(connection):
        yield ask


def test_other_routes_cost_no_call_and_leave_the_public_proxy_alone(stage: Stage) -> None:
    """What carries the calls to another service starts beside the others, and ends with it; back as well.

    At a further port a service is called without anything being replaced or closed. A release that is refused, and has
    another one on top, leaves those of what serves as they were.
    """
    assert stage.deploy(_app(stage, 1)).status == "live"
    proxy, before = stage.proxy_id(), stage.carriers()
    caller = find_caller(stage)
    sheet = _app(stage, 2, "api")
    for name in ("web", "api"):
        sheet.services[name]["further"] = [9000]
    with _connected(stage) as ask, _calling(caller, "web:8000") as heard:
        assert ask() == "web 1111"
        assert stage.deploy(sheet).status == "live"
        for port in (8000, 9000):
            assert [call(caller, f"{name}:{port}") for name in ("web", "api")] == [
                "web 2222 as web",
                "api 2222 as api",
            ]
        between = stage.carriers()
        assert ask() == "web 2222"
        assert find_disorder(stage.paths, Engine.connect()) == []
        unfit = _app(stage, 3, "api")
        unfit.services["web"]["further"] = [9000, 9001]
        unfit.services["web"]["definition"]["healthcheck"] = SICK
        assert stage.deploy(unfit).status == "refused"
        assert (ask(), call(caller, "web:9000")) == ("web 2222", "web 2222 as web")
        assert accepts(_carrier(stage, "web"), [8000, 9000, 9001])
        assert len(list(stage.paths.carried.glob("web+*"))) == 1
        stop_caddy(stage.paths.inside_socket(f"{_carrier(stage, 'web').service}+"))
        (told,) = ask_public(stage.paths, read_state(stage.paths, Engine.connect()), Engine.connect())
        assert "to web:9000 are refused" in told
        assert stage.rollback().status == "live"
        assert ask() == "web 1111"
        with pytest.raises(OSError, match="502"):
            call(caller, "web:9000")
        assert (stage.proxy_id(), stage.carriers()) == (proxy, before)
    assert {one for one in heard if one.startswith("lost")} == set()
    assert {"web 1111 as web", "web 2222 as web"} <= set(heard)
    assert (stage.proxy_id(), stage.carriers()) == (proxy, before)
    assert len(between) == 2
    assert before < between


@pytest.mark.long
def test_releases_of_an_older_client_serve_and_can_be_gone_back_to(stage: Stage) -> None:
    """Its documents know nothing of carriers; they are made of the proxy's image then, and the proxy has no service's name."""
    assert stage.deploy(_as_before(_app(stage, 1, "api"))).status == "live"
    caller = find_caller(stage)
    assert call(caller, "web:8000", "public.example.com") == "web 1111 as public.example.com"
    assert call(caller, "api:8000") == "api 1111 as api"
    with _calling(caller, "web:8000") as heard:
        assert stage.deploy(_app(stage, 2)).status == "live"
        assert stage.rollback().status == "live"
    assert {one for one in heard if one.startswith("lost")} == set()
    assert call(caller, "api:8000") == "api 1111 as api"
