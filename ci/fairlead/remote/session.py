"""One connection to the agent of a server: hand the agent over if it is not known there, then ask.

The connection is whatever the given command line opens; for a server it is ssh, for a test a local process.
"""

from __future__ import annotations

import collections
import contextlib
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from types import TracebackType
from typing import Any, Self

from fairlead import passed, process
from fairlead.errors import CommandFailedError
from fairlead.host.wire.events import kind_of
from fairlead.host.wire.frames import Frame, FrameError, FrameReader, FrameWriter
from fairlead.host.wire.names import PROTOCOL
from fairlead.host.wire.result import Result
from fairlead.parallel import awaiting
from fairlead.remote.access import explain_failure
from fairlead.remote.agent import Agent, build_agent
from fairlead.remote.greeting import make_mark, parse_greeting
from fairlead.remote.ssh import Access, ssh_argv

OnFrame = Callable[[Frame], None]

_STDERR_LINES = 200
_GREETING_LINES = 200
_CLOSE_SECONDS = 3.0


class LostError(CommandFailedError):
    """The connection ended in the middle of a request; what was asked for may still be under way."""


@dataclass
class Traffic:
    """What a command cost on the wire, for the benchmark and the tests."""

    connections: int = 0
    agent_bytes: int = 0


@dataclass(frozen=True)
class Blob:
    """Bytes that travel beside a request. ``kind`` is ``file``, ``secret`` or ``credentials``."""

    kind: str
    name: str
    content: bytes = field(repr=False)


@cache
def loader_argv() -> tuple[str, ...]:
    """The command that the server runs: Python with the loader's text."""
    return ("python3", "-c", resources.files("fairlead.remote").joinpath("loader.py").read_text("utf-8"))


def open_session(access: Access, traffic: Traffic, subject: Frame | None = None) -> Session:
    """Connect to a server over ssh; ``subject`` is as of ``Session``.

    Raises:
        CommandFailedError: there is no connection, or the server cannot run the agent; each cause in its words.
        ToolMissingError: ssh is not installed.
    """
    return begin_session(access, traffic, subject).greet()


def begin_session(access: Access, traffic: Traffic, subject: Frame | None = None) -> Session:
    """Begin to connect to a server over ssh; what fails is told by the first use. ``subject`` is as of ``Session``.

    Raises:
        ToolMissingError: ssh is not installed.
    """
    argv = ssh_argv(access, loader_argv())
    return Session(argv, lambda stderr: explain_failure(access, stderr), traffic, subject=subject)


class Session:
    """A connection to the agent. Its process is started here; the agent is greeted on entering or first use.

    Args:
        argv: the command whose standard streams are the connection; it runs the loader.
        explain: the error for what the command printed, when there is no connection.
        traffic: where to count.
        agent: the agent to hand over; the one of this package.
        env: variables for the command, on top of those that ssh gets.
        subject: what every request of this connection is about: app, environment, repository, folder. The server holds it
            against what is there.
    """

    def __init__(
        self,
        argv: Sequence[str],
        explain: Callable[[str], CommandFailedError],
        traffic: Traffic,
        *,
        agent: Agent | None = None,
        env: Mapping[str, str] | None = None,
        subject: Frame | None = None,
    ) -> None:
        self._explain = explain
        self._subject = subject or {}
        self._traffic = traffic
        self._process = process.open_pipes(argv, env=env, also=passed.SSH, detached=True)
        # Built while it connects.
        self._agent = agent or build_agent()
        self._traffic.connections += 1
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._writer = FrameWriter(self._process.stdin.fileno())
        self._reader = FrameReader(self._process.stdout.fileno())
        self._stderr: collections.deque[bytes] = collections.deque(maxlen=_STDERR_LINES)
        self._listener = threading.Thread(target=self._collect_stderr, daemon=True)
        self._listener.start()
        self._greeted = False
        self._nothing_awaited = False

    def __enter__(self) -> Self:
        return self.greet()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def greet(self) -> Self:
        """Hand the agent over if the server does not know it; once. The session is closed when that fails.

        Raises:
            CommandFailedError: there is no connection, or the server cannot run the agent.
        """
        if not self._greeted:
            try:
                self._hand_over()
            except BaseException:
                self.close()
                raise
            self._greeted = True
        return self

    def ask(self, request: Frame, blobs: Sequence[Blob] = (), on_frame: OnFrame | None = None) -> Frame:
        """Send a request and return its ``result``; the events before it go to ``on_frame``. All as they travel.

        Raises:
            LostError: the connection ended before the result.
        """
        self.greet()
        self._nothing_awaited = False
        parts = [{"kind": blob.kind, "name": blob.name} for blob in blobs]
        sizes = [len(blob.content) for blob in blobs]
        asked = {**self._subject, **request, **({"blobs": sizes, "parts": parts} if blobs else {})}
        with self._told_when_lost(), awaiting(self._process):
            # A write may fail though the answer that says why is on its way: read it first.
            with contextlib.suppress(BrokenPipeError):
                self._writer.write(asked, *(blob.content for blob in blobs))
            while True:
                frame = self._reader.read_frame()
                if frame is None:
                    raise self._lost()
                if kind_of(frame) == Result.kind:
                    self._nothing_awaited = True
                    return frame
                if on_frame is not None:
                    on_frame(frame)

    def tell(self, frame: Frame) -> None:
        """Say something to the task that is followed (``host.disk.orders``); there is no answer, but for its events.

        Raises:
            OSError: the connection has ended.
        """
        self._nothing_awaited = False
        self._writer.write(frame)

    def give_up(self) -> None:
        """End the connection's process; whoever waits for an answer hears of it."""
        self._process.terminate()

    def close(self) -> None:
        """Hang up. A task that was started goes on."""
        for stream in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):
                assert stream is not None
                stream.close()
        if self._nothing_awaited:
            # The server's end sees that by itself; ssh would wait 0.1 s for it.
            self._process.terminate()
        try:
            self._process.wait(_CLOSE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._listener.join(_CLOSE_SECONDS)

    def _hand_over(self) -> None:
        mark, agent = make_mark(), self._agent
        greeting = {"agent": agent.sha256, "size": len(agent.content), "protocol": PROTOCOL, "mark": mark}
        with self._told_when_lost():
            with contextlib.suppress(BrokenPipeError):
                self._writer.write(greeting)
            answer = self._greeting(mark)
            if answer["agent"] == "wanted":
                self._writer.write_bytes(agent.content)
                self._traffic.agent_bytes += len(agent.content)
                answer = self._greeting(mark)
        if answer["agent"] == "refused":
            raise _refusal(answer["error"])

    def _greeting(self, mark: str) -> Frame:
        """The loader's next answer; what the server's shell start-up files print before it is passed over."""
        for _ in range(_GREETING_LINES):
            line = self._reader.read_line()
            if line is None:
                raise self._lost()
            answer = parse_greeting(line, mark)
            if answer is not None:
                return answer
        raise CommandFailedError(
            "the server prints too much before it answers",
            why="its shell's start-up files print for every connection",
            fix="let them print on a terminal only",
        )

    @contextlib.contextmanager
    def _told_when_lost(self) -> Iterator[None]:
        try:
            yield
        except (FrameError, OSError) as error:
            raise self._lost() from error

    def _lost(self) -> CommandFailedError:
        """The error for a connection that ended, by what was printed meanwhile."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(_CLOSE_SECONDS)
        self._listener.join(_CLOSE_SECONDS)
        error = self._explain(b"".join(self._stderr).decode("utf-8", "replace"))
        return LostError(error.what, why=error.why, fix=error.fix, details=error.details)

    def _collect_stderr(self) -> None:
        assert self._process.stderr is not None
        with self._process.stderr as stream:
            self._stderr.extend(stream)


def _refusal(error: Mapping[str, Any]) -> CommandFailedError:
    return CommandFailedError(
        str(error.get("what", "the server refused")),
        why=str(error.get("why", "")),
        fix=str(error.get("fix", "")),
    )
