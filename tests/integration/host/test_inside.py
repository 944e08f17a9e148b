"""Calls between services: they go on while what carries them is replaced, and whatever a client of before wrote."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from fairlead.host.engine.containers import Container
from tests.integration.host.calls import add_caller, answering, call, find_caller
from tests.integration.host.sheet import SICK, Sheet
from tests.integration.host.stage import Stage


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


def test_other_routes_cost_no_call_and_leave_the_public_proxy_alone(stage: Stage) -> None:
    """What carries the new routes starts beside the old one, which ends when nobody needs it; back as well.

    A release that is refused takes its own along.
    """
    assert stage.deploy(_app(stage, 1)).status == "live"
    proxy, before = stage.proxy_id(), stage.carriers()
    caller = find_caller(stage)
    sheet = _app(stage, 2, "api")
    sheet.services["api"]["further"] = [9000]
    with _calling(caller, "web:8000") as heard:
        assert stage.deploy(sheet).status == "live"
        assert {call(caller, f"api:{port}") for port in (8000, 9000)} == {"api 2222 as api"}
        between = stage.carriers()
        assert stage.rollback().status == "live"
        assert (stage.proxy_id(), stage.carriers()) == (proxy, before)
        unfit = _app(stage, 3, "api")
        unfit.services["web"]["definition"]["healthcheck"] = SICK
        assert stage.deploy(unfit).status == "refused"
    assert {one for one in heard if one.startswith("lost")} == set()
    assert {"web 1111 as web", "web 2222 as web"} <= set(heard)
    assert (stage.proxy_id(), stage.carriers()) == (proxy, before)
    assert len(between) == 2


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
