"""Runs a load in worker processes of its own, so that it measures the server and not its caller."""

from __future__ import annotations

import contextlib
import json
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from types import FrameType
from typing import Any, TypeAlias

from fairlead import passed, process
from fairlead.errors import CommandFailedError
from lab.load.http2 import require_h2
from lab.load.plan import Plan, Protocol, shares
from lab.load.report import Report, add_up

_WORKER = "lab.load.worker"
_Worker: TypeAlias = subprocess.Popen[bytes]  # noqa: TID251 - the type of what process.open_pipes gives


class Load:
    """A load under way. ``stop`` ends it early; ``report`` waits until it has ended."""

    def __init__(self, plan: Plan, url: str, processes: int) -> None:
        if any(part.protocol is Protocol.H2 for part in plan.parts):
            require_h2()
        self._plan, self._url = plan, url
        self._workers: list[_Worker] = []
        for share in shares(plan, processes):
            worker = process.open_pipes([sys.executable, "-m", _WORKER], also=passed.PYTHON)
            assert worker.stdin is not None
            worker.stdin.write(json.dumps(share.to_json()).encode() + b"\n")
            worker.stdin.flush()
            self._workers.append(worker)
        for worker in self._workers:
            self._read_line(worker)

    def stop(self) -> None:
        """Ask every worker to end: no request is begun any more, those under way are waited for."""
        for worker in self._workers:
            assert worker.stdin is not None
            with contextlib.suppress(BrokenPipeError):
                worker.stdin.close()

    def report(self) -> Report:
        """Wait for the end, and add up.

        Raises:
            CommandFailedError: a worker died.
        """
        counted = [self._read_line(worker) for worker in self._workers]
        for worker in self._workers:
            worker.wait()
            for pipe in (worker.stdin, worker.stdout, worker.stderr):
                assert pipe is not None
                pipe.close()
        return add_up(self._plan, self._url, counted)

    def _read_line(self, worker: _Worker) -> Mapping[str, Any]:
        assert worker.stdout is not None
        line = worker.stdout.readline()
        if not line:
            self.kill()
            assert worker.stderr is not None
            said = worker.stderr.read().decode(errors="replace").strip().splitlines()
            raise CommandFailedError(
                "a worker of the load generator died",
                why=said[-1] if said else "it printed nothing",
                details=tuple(said[-20:]),
            )
        document = json.loads(line)
        assert isinstance(document, dict)
        return document

    def kill(self) -> None:
        """End all workers at once; what they counted is lost."""
        for worker in self._workers:
            worker.kill()


def run_load(plan: Plan, url: str, processes: int = 1) -> Report:
    """Load to the end; Ctrl-C and SIGTERM bring the end forward.

    Raises:
        CommandFailedError: a worker died.
        ToolMissingError: HTTP/2 is asked for and its library is missing.
    """
    load = Load(plan, url, processes)
    with _stopped_by_signals(load):
        return load.report()


@contextlib.contextmanager
def _stopped_by_signals(load: Load) -> Iterator[None]:
    def stop(_number: int, _frame: FrameType | None) -> None:
        load.stop()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
