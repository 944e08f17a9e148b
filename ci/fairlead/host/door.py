"""The door of the agent: requests come in, events go out, until the client hangs up.

Whatever comes in is hostile until checked, and every request gets an answer that ends with a ``result``.
Work that changes something is not done here: it becomes a task, which outlives the connection.
"""

from __future__ import annotations

import getpass
import os
import platform
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from . import task
from .errors import AgentError, InputFault
from .events import Event
from .frames import Frame, FrameError, FrameReader, FrameWriter, parse_blob_sizes
from .paths import Paths, app_paths, list_apps
from .result import Result

PROTOCOL = 1
_WATCH_SECONDS = 0.5
_MAX_TAIL = 100_000


class Door:
    """One conversation.

    Args:
        root: ``/srv/fairlead``.
        reader: where requests come from.
        writer: where answers go.
        agent: the argv that runs this agent, for the tasks that it starts.
    """

    def __init__(self, root: Path, reader: FrameReader, writer: FrameWriter, agent: Sequence[str]) -> None:
        self._root = root
        self._reader = reader
        self._writer = writer
        self._agent = agent
        self._handlers: Mapping[str, Callable[[Frame], Iterator[Event]]] = {
            "hello": self._hello,
            "check": self._check,
            "state": self._state,
            "plan": self._plan,
            "deploy": self._deploy,
            "rollback": self._rollback,
            "repair": self._repair,
            "history": self._history,
            "logs": self._logs,
            "attach": self._attach,
        }

    def serve(self) -> int:
        """Answer until the client hangs up; the exit code is 0 unless what came was no request at all."""
        try:
            while True:
                frame = self._reader.read_frame()
                if frame is None:
                    return 0
                self._answer(frame)
        except FrameError as error:
            self._writer.write(_failed(InputFault(f"this is no request: {error}")))
            return InputFault.exit_code
        except (BrokenPipeError, ConnectionResetError):
            return 0

    def _answer(self, frame: Frame) -> None:
        handler = self._handlers.get(str(frame.get("request")))
        sizes = parse_blob_sizes(frame)
        if handler is None:
            self._reader.skip(sizes)
            self._writer.write(_failed(_unknown(frame.get("request"), self._handlers)))
            return
        if handler not in {self._deploy, self._rollback}:
            self._reader.skip(sizes)
        try:
            for event in handler(frame):
                self._writer.write(event)
        except (FrameError, BrokenPipeError, ConnectionResetError):
            raise
        except AgentError as error:
            self._writer.write(_failed(error))
        except OSError as error:
            self._writer.write(_failed(_host_fault(error)))
        except Exception as error:  # noqa: BLE001 - the boundary: a client must hear of every end
            traceback.print_exc()
            self._writer.write(_failed(AgentError(f"the agent failed: {type(error).__name__}: {error}")))

    def _hello(self, frame: Frame) -> Iterator[Event]:
        yield _answered(
            {
                "protocol": PROTOCOL,
                "python": platform.python_version(),
                "user": getpass.getuser(),
                "hostname": socket.gethostname(),
                "root": str(self._root),
                "apps": list_apps(self._root),
                "time": time.time(),
            }
        )

    def _check(self, frame: Frame) -> Iterator[Event]:
        from .check import run_checks

        client = frame.get("time")
        ahead = time.time() - client if isinstance(client, float) else None
        checks = run_checks(self._root, ahead)
        yield _answered({"checks": [check.to_json() for check in checks]})

    def _state(self, frame: Frame) -> Iterator[Event]:
        from .engine import Engine
        from .state import read_state

        paths = self._paths(frame)
        state = read_state(paths, Engine.connect())
        yield _answered({**state.to_json(), "tasks": _running(paths)})

    def _plan(self, frame: Frame) -> Iterator[Event]:
        from .engine import Engine
        from .plan import plan_deploy
        from .request import parse_deploy_request
        from .state import read_state

        request = parse_deploy_request({**frame, "task": "plan"}, Path(), None)
        state = read_state(app_paths(self._root, request.release.app), Engine.connect(), request.release)
        yield _answered(plan_deploy(request.release, state, request.options).to_json())

    def _deploy(self, frame: Frame) -> Iterator[Event]:
        from . import intake
        from .release import parse_release

        sizes = parse_blob_sizes(frame)
        try:
            release = parse_release(frame.get("release"))
            contents = intake.parse_contents(release.document)
            parts = intake.parse_parts(frame.get("parts", []), sizes, contents)
            paths = app_paths(self._root, release.app)
        except AgentError:
            self._reader.skip(sizes)
            raise
        request = {
            "kind": "deploy",
            "release": frame["release"],
            "options": frame.get("options", {}),
            "by": str(frame.get("by", "")),
        }
        yield from self._start(paths, request, parts, contents)

    def _rollback(self, frame: Frame) -> Iterator[Event]:
        from . import intake

        sizes = parse_blob_sizes(frame)
        try:
            paths = self._paths(frame)
            parts = intake.parse_parts(frame.get("parts", []), sizes, intake.NOTHING)
            to = _optional_text(frame, "to")
        except AgentError:
            self._reader.skip(sizes)
            raise
        request = {
            "kind": "rollback",
            "to": to,
            "options": frame.get("options", {}),
            "by": str(frame.get("by", "")),
        }
        yield from self._start(paths, request, parts, intake.NOTHING)

    def _repair(self, frame: Frame) -> Iterator[Event]:
        from . import intake

        request = {"kind": "repair", "by": str(frame.get("by", ""))}
        yield from self._start(self._paths(frame), request, [], intake.NOTHING)

    def _start(
        self, paths: Paths, request: Mapping[str, Any], parts: Sequence[Any], contents: Any
    ) -> Iterator[Event]:
        from . import intake

        running = task.find_running(paths, request)
        if running is not None:
            self._reader.skip([part.size for part in parts])
        name = running or intake.open_task(self._reader, request, parts, contents, paths)
        if running is None:
            task.start_task(paths.task(name), self._agent)
        yield {"event": "attached", "task": name, "resumed": running is not None}
        yield from task.follow_task(paths.task(name), self._reader.hung_up)

    def _attach(self, frame: Frame) -> Iterator[Event]:
        paths = self._paths(frame)
        name = _optional_text(frame, "task") or next(iter(task.list_tasks(paths)), "")
        start = frame.get("from", 0)
        if not task.TASK_ID.fullmatch(name) or not paths.task(name).is_dir():
            raise InputFault(f"there is no task {name[:60] or 'to attach to'} of the app {paths.app}")
        yield {"event": "attached", "task": name, "resumed": True}
        yield from task.follow_task(
            paths.task(name), self._reader.hung_up, start if type(start) is int and start > 0 else 0
        )

    def _history(self, frame: Frame) -> Iterator[Event]:
        from .state import read_history

        yield _answered({"history": read_history(self._paths(frame))})

    def _logs(self, frame: Frame) -> Iterator[Event]:
        from .engine import Engine
        from .state import stream_logs

        paths, service = self._paths(frame), _optional_text(frame, "service")
        tail, follow = frame.get("tail", 100), frame.get("follow") is True
        if type(tail) is not int or not 0 <= tail <= _MAX_TAIL:
            raise InputFault(f"`tail` must be a number of lines up to {_MAX_TAIL}")
        if follow:
            threading.Thread(target=self._end_with_client, daemon=True).start()
        for line in stream_logs(paths, Engine.connect(), service, tail, follow=follow):
            yield {"event": "log", **line}
        yield _answered({})

    def _end_with_client(self) -> None:
        # Following may wait for ever for a line, and `docker logs` with it: sshd tells nobody that the client
        # has gone, its end of the pipe does.
        while not self._reader.hung_up():
            time.sleep(_WATCH_SECONDS)
        os.killpg(os.getpgrp(), 15)

    def _paths(self, frame: Frame) -> Paths:
        app = frame.get("app")
        if not isinstance(app, str):
            raise InputFault("the request does not say which `app`")
        return app_paths(self._root, app)


def run_door(root: Path, agent: Sequence[str]) -> int:
    """Serve the client at the other end of standard input and output."""
    if os.getpgrp() != os.getpid():
        # A group of its own, so that ending with the client ends what this door started, and nothing else.
        os.setpgid(0, 0)
    return Door(root, FrameReader(sys.stdin.fileno()), FrameWriter(sys.stdout.fileno()), agent).serve()


def _answered(data: Mapping[str, object]) -> Event:
    return Result("ok", data=data).to_event()


def _failed(error: AgentError) -> Event:
    status = "refused" if isinstance(error, InputFault) else "failed"
    return Result(status, error.exit_code, error=error.to_json()).to_event()


def _unknown(request: object, known: Mapping[str, object]) -> InputFault:
    return InputFault(
        f"the agent knows no request {str(request)[:60]!r}",
        why=f"it knows {', '.join(sorted(known))}",
        fix="use the same version of fairlead on both ends",
    )


def _host_fault(error: OSError) -> AgentError:
    return AgentError(
        f"the server cannot write or read: {error.strerror or error}",
        why=f"at {error.filename}" if error.filename else "",
        fix="`fairlead host check` tells what the server lacks",
    )


def _running(paths: Paths) -> list[dict[str, object]]:
    return [
        {"task": name, "kind": str(task.read_request(paths.task(name)).get("kind", ""))}
        for name in task.list_tasks(paths)
        if task.is_running(paths.task(name))
    ]


def _optional_text(frame: Frame, name: str) -> str | None:
    value = frame.get(name)
    if value is not None and not isinstance(value, str):
        raise InputFault(f"`{name}` must be text")
    return value
