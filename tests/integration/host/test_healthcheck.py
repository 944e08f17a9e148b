"""The health check of a container that has just started is run as soon as it can pass."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import cast

import pytest

from fairlead.host.engine.containers import Container
from fairlead.host.engine.engine import Engine
from fairlead.host.watch.healthcheck import checking
from fairlead.host.watch.patience import wait_until
from fairlead.host.wire.errors import EngineFault
from fairlead.host.wire.release import Service
from tests.patience import PATIENCE
from tests.unit.host.samples import container, release


class Checked:
    """An engine that only runs checks: they end one after the other as the test says."""

    def __init__(self, *codes: int | EngineFault | None) -> None:
        self.codes = list(codes)
        self.ran: list[tuple[str, Sequence[str]]] = []

    def execute(self, name: str, argv: Sequence[str], *, timeout: float) -> int | None:
        self.ran.append((name, argv))
        code = self.codes.pop(0)
        if isinstance(code, EngineFault):
            raise code
        return code

    def processor_of(self, _: str) -> float:
        return 0.0


@pytest.fixture
def answers() -> Iterator[list[int]]:
    """A web server on loopback that answers with these statuses in turn, the last one for ever; its port comes first."""
    statuses = [200]

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(statuses.pop(0) if len(statuses) > 1 else statuses[0])
            self.end_headers()

        def log_message(self, *words: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    statuses.insert(0, server.server_address[1])
    yield statuses
    server.shutdown()
    thread.join()
    server.server_close()


def _service(port: int) -> Service:

    return replace(release().services["web"], port=port)


def _starting() -> Container:
    return container("web", "000001", health="starting", check=("probe",), addresses=("127.0.0.1",))


def _wait(proved: set[str], *, within: float = PATIENCE) -> bool:
    deadline = time.monotonic() + within
    while not proved and time.monotonic() < deadline:
        time.sleep(0.005)
    return bool(proved)


def test_a_check_is_run_until_it_passes() -> None:
    """Where nothing can be asked first; what is not starting, or has no check, is left alone."""
    engine, proved = Checked(1, 1, 0), set[str]()
    worker = release().services["worker"]
    with checking(cast("Engine", engine), proved) as checks:
        checks.follow(worker, [container("worker", "000001"), container("api", health="starting")])
        checks.follow(worker, [_starting()])
        checks.follow(worker, [_starting()])
        assert _wait(proved)
    assert proved == {_starting().id}
    assert engine.ran == [(_starting().id, ("probe",))] * 3


@pytest.mark.parametrize("end", [None, EngineFault("it has ended")])
def test_a_check_that_hangs_or_cannot_run_is_left_to_the_engine(end: EngineFault | None) -> None:
    """Another one beside it would hang as well."""
    engine, proved = Checked(1, end, 0), set[str]()
    with checking(cast("Engine", engine), proved) as checks:
        checks.follow(release().services["worker"], [_starting()])
        assert wait_until(lambda: len(engine.ran) == 2, timeout=PATIENCE, poll=0.005)
        assert not _wait(proved, within=0.4)
    assert len(engine.ran) == 2


def test_nothing_is_run_before_something_answers(answers: list[int]) -> None:
    """A check may be a process that starts: it shares the processors with what it checks."""
    port = answers.pop(0)
    answers[:] = [503, 503, 200]
    engine, proved = Checked(0), set[str]()
    with checking(cast("Engine", engine), proved) as checks:
        checks.follow(_service(port), [_starting()])
        assert _wait(proved)
    assert answers == [200]
    assert len(engine.ran) == 1


@pytest.mark.parametrize(("status", "ran"), [(200, 0), (404, 1)])
def test_in_a_hurry_a_good_answer_is_enough(answers: list[int], status: int, ran: int) -> None:
    """Any other answer is not."""
    port = answers.pop(0)
    answers[:] = [status]
    engine, proved = Checked(0), set[str]()
    with checking(cast("Engine", engine), proved, hurry=True) as checks:
        checks.follow(_service(port), [_starting()])
        assert _wait(proved)
    assert len(engine.ran) == ran
