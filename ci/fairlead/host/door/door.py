"""The door of the agent: requests come in, events go out, until the client hangs up.

Whatever comes in is hostile until checked, and every request gets an answer that ends with a ``result``.
Work that changes something is not done here: it becomes a task, which outlives the connection.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional

from ..disk import task
from ..disk.neighbours import Discretion
from ..disk.orders import ATTEND, attend, hand_on
from ..disk.paths import Paths, app_paths
from ..disk.record import AuditLog
from ..state.ownership import refuse_stranger
from ..wire.answer import render_answer
from ..wire.contract import parse_whole, read_text
from ..wire.errors import AgentError, InputFault, as_fault
from ..wire.events import AttachedEvent, LogEvent, kind_of, render_event, salvage_event
from ..wire.frames import Frame, FrameError, FrameReader, FrameWriter, parse_blob_sizes
from ..wire.restriction import Restriction, parse_restriction
from ..wire.result import Result, failed_result
from .answers import READING, parse_app, parse_deployed_app, parse_task

if TYPE_CHECKING:
    from .intake import Contents, Part

_WATCH_SECONDS = 0.5


class Door:
    """One conversation.

    Args:
        root: ``/srv/fairlead``.
        reader: where requests come from.
        writer: where answers go.
        agent: the argv that runs this agent, for the tasks that it starts.
        restriction: which key it is, and what it may.
        audit: writes down what is asked for.
    """

    def __init__(
        self,
        root: Path,
        reader: FrameReader,
        writer: FrameWriter,
        agent: Sequence[str],
        restriction: Optional[Restriction] = None,
        audit: Optional[AuditLog] = None,
    ) -> None:
        self._root = root
        self._restriction = restriction or Restriction()
        self._audit = audit or AuditLog(self._restriction, {})
        self._discretion = (
            Discretion(root, self._restriction.sees) if self._restriction.apps is not None else None
        )
        self._reader = reader
        self._writer = writer
        self._agent = agent
        self._telling: Mapping[str, Callable[[Frame], Iterator[Frame]]] = {
            "logs": self._logs,
            "attach": self._attach,
            "repair": self._repair,
            "drain": partial(_drain, self._root, self._restriction),
            "undrain": partial(_undrain, self._root, self._restriction),
            "maintenance": partial(_maintenance, self._root, self._restriction),
            "remove": self._remove,
        }
        self._taking: Mapping[str, Callable[[Frame, list[int]], Iterator[Frame]]] = {
            "deploy": self._deploy,
            "rollback": self._rollback,
            "rotate": self._rotate,
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
            self._audit.malformed(str(error))
            self._writer.write(
                _failed(InputFault(f"this is no request: {error}", fix="use fairlead to talk to it"))
            )
            return InputFault.exit_code
        except (BrokenPipeError, ConnectionResetError):
            return 0

    def _answer(self, frame: Frame) -> None:
        if "order" in frame and "request" not in frame:
            # Said to a task that had ended meanwhile.
            return
        self._audit.asked(frame)
        last: Frame = {}
        try:
            for last in self._answers(frame):
                self._writer.write(self._visible_to_key(last))
        finally:
            end = salvage_event(last)
            self._audit.ended(frame, end if isinstance(end, Result) else None)

    def _visible_to_key(self, event: Frame) -> Frame:
        """An event without the apps that the key may not hear of; what its own app prints is its own."""
        if self._discretion is None or kind_of(event) == LogEvent.kind:
            return event
        visible: Frame = self._discretion.document(event)
        return visible

    def _answers(self, frame: Frame) -> Iterator[Frame]:
        """The events of a request, the last one of which says how it ended."""
        try:
            yield from self._events(frame)
        except (FrameError, BrokenPipeError, ConnectionResetError):
            raise
        except AgentError as error:
            yield _failed(error)
        except OSError as error:
            yield _failed(as_fault(error))
        except Exception as error:  # noqa: BLE001 - the boundary: a client must hear of every end
            traceback.print_exc()
            yield _failed(AgentError(f"the agent failed: {type(error).__name__}: {error}"))

    def _events(self, frame: Frame) -> Iterator[Frame]:
        name, sizes = str(frame.get("request")), parse_blob_sizes(frame)
        with self._taken_when_refused(sizes):
            self._restriction.require(frame)
            refuse_stranger(self._root, frame)
        if name in self._taking:
            yield from self._taking[name](frame, sizes)
            return
        self._reader.skip(sizes)
        if name in READING:
            answer = READING[name](self._root, frame, self._restriction)
            yield render_event(Result("ok", data=render_answer(answer)))
            if name == "hello" or (name == "state" and not frame.get("ask")):
                _make_ready()
        elif name in self._telling:
            yield from self._telling[name](frame)
        else:
            raise InputFault(
                f"the agent knows no request {name[:60]!r}",
                why=f"it knows {', '.join(sorted({*READING, *self._telling, *self._taking}))}",
                fix="use the same version of fairlead on both ends",
            )

    def _deploy(self, frame: Frame, sizes: list[int]) -> Iterator[Frame]:
        from ..plan.policy import read_policy
        from ..shape.rotation import refuse_revoked
        from ..wire.admission import require_hashes, require_verdict
        from ..wire.document import parse_release
        from ..wire.signature import Signed, parse_signature
        from .intake import parse_contents, parse_parts

        with self._taken_when_refused(sizes):
            release = parse_release(frame.get("release"))
            require_verdict(release)
            require_hashes(release)
            signature = parse_signature(frame.get("signature"))
            # Here too, before anything of it is kept on the host.
            signer = read_policy().require(release, Signed(release.document, signature))
            self._audit.signed(signer)
            contents = parse_contents(release.document, frame.get("marks_key"))
            parts = parse_parts(frame.get("parts", []), sizes, contents)
            paths = app_paths(self._root, release.app)
            refuse_revoked(paths, release.secrets)
            request = {
                **self._request_of("deploy", frame),
                "release": frame["release"],
                "signature": signature,
            }
        yield from self._start(paths, request, parts, contents)

    def _rollback(self, frame: Frame, sizes: list[int]) -> Iterator[Frame]:
        from .intake import NOTHING, parse_parts

        with self._taken_when_refused(sizes):
            paths = parse_deployed_app(self._root, frame, self._restriction)
            parts = parse_parts(frame.get("parts", []), sizes, NOTHING)
            request = {
                **self._request_of("rollback", frame),
                "to": read_text(frame, "to"),
                "serving": read_text(frame, "serving"),
            }
        yield from self._start(paths, request, parts, NOTHING)

    def _rotate(self, frame: Frame, sizes: list[int]) -> Iterator[Frame]:
        from ..wire.marks import parse_key
        from ..wire.request import parse_rotation_request
        from .intake import Contents, parse_parts

        with self._taken_when_refused(sizes):
            paths = parse_deployed_app(self._root, frame, self._restriction)
            secrets = parse_rotation_request({**frame, "task": "rotate"}).secrets
            contents = Contents(frozenset(), secrets, parse_key(frame.get("marks_key")))
            parts = parse_parts(frame.get("parts", []), sizes, contents)
            request = {**self._request_of("rotate", frame), "secrets": secrets}
        yield from self._start(paths, request, parts, contents)

    def _repair(self, frame: Frame) -> Iterator[Frame]:
        from ..wire.calls import Repair
        from .intake import NOTHING

        request = {**self._request_of("repair", frame), "decision": parse_whole(Repair, frame).decision}
        yield from self._start(parse_deployed_app(self._root, frame, self._restriction), request, [], NOTHING)

    def _remove(self, frame: Frame) -> Iterator[Frame]:
        from ..wire.calls import Remove
        from .intake import NOTHING

        request = {**self._request_of("remove", frame), "volumes": parse_whole(Remove, frame).volumes}
        yield from self._start(parse_deployed_app(self._root, frame, self._restriction), request, [], NOTHING)

    def _start(
        self, paths: Paths, request: Mapping[str, Any], parts: Sequence[Part], contents: Contents
    ) -> Iterator[Frame]:
        from .intake import open_task
        from .task_process import run_task

        running = task.find_running(paths, request)
        if running is not None:
            self._reader.skip([part.size for part in parts])
        name = running or open_task(self._reader, request, parts, contents, paths)
        if running is None:
            task.start_task(paths.task(name), partial(run_task, agent=self._agent))
        self._audit.attached(name)
        yield render_event(AttachedEvent(name, resumed=running is not None))
        yield from self._follow(paths.task(name))

    def _attach(self, frame: Frame) -> Iterator[Frame]:
        from ..wire.calls import Attach

        folder, call = parse_task(self._root, frame), parse_whole(Attach, frame)
        yield render_event(AttachedEvent(folder.name, resumed=True))
        may_order = self._restriction.owns(str(task.read_request(folder).get("kind")))
        yield from self._follow(folder, call.start, may_order=may_order)

    def _follow(self, folder: Path, start: int = 0, *, may_order: bool = True) -> Iterator[Frame]:
        """The task's events; what the client has to say to it meanwhile is handed on, if the key may begin such a one."""

        def is_gone() -> bool:
            gone = self._reader.hung_up()
            for frame in self._reader.take_waiting("order"):
                if frame.get("order") != ATTEND:
                    self._audit.ordered(frame)
                if may_order:
                    hand_on(folder, frame)
            return gone

        if may_order:
            attend(folder)
        yield from task.follow_task(folder, is_gone, start)

    def _logs(self, frame: Frame) -> Iterator[Frame]:
        from ..engine.engine import Engine
        from ..wire.calls import Logs
        from .logs import stream_logs

        paths, call = parse_app(self._root, frame), parse_whole(Logs, frame)
        if call.follow:
            threading.Thread(target=self._end_with_client, args=(frame,), daemon=True).start()
        for line in stream_logs(paths, Engine.connect(), call.service, call.tail, follow=call.follow):
            yield render_event(line)
        yield render_event(Result("ok"))

    def _end_with_client(self, frame: Frame) -> None:
        # Following may wait for a line for ever: sshd tells nobody that the client has gone, its pipe does.
        while not self._reader.hung_up():
            time.sleep(_WATCH_SECONDS)
        self._audit.ended(frame, None)
        os.killpg(os.getpgrp(), signal.SIGTERM)

    def _request_of(self, kind: str, frame: Frame) -> dict[str, Any]:
        """What a task keeps of every request: ``by`` is the client's word, ``key`` is not."""
        from ..wire.request import parse_by

        key = {"key": self._restriction.key} if self._restriction.key else {}
        kept = ("environment", "repository", "directory", "nonce")
        named: dict[str, Any] = {name: frame[name] for name in kept if name in frame}
        common = {"kind": kind, "options": frame.get("options", {}), "by": parse_by(frame)}
        return {**common, **named, **key}

    @contextlib.contextmanager
    def _taken_when_refused(self, sizes: list[int]) -> Iterator[None]:
        """The blobs of a refused request are on their way all the same: pass over them before the answer."""
        try:
            yield
        except AgentError:
            self._reader.skip(sizes)
            raise


def run_door(root: Path, agent: Sequence[str], words: Sequence[str] = ()) -> int:
    """Serve the client at the other end of standard input and output; ``words`` say what its key may."""
    if os.getpgrp() != os.getpid():
        # A group of its own, so that ending with the client ends what this door started, and nothing else.
        os.setpgid(0, 0)
    reader, writer = FrameReader(sys.stdin.fileno()), FrameWriter(sys.stdout.fileno())
    try:
        restriction = parse_restriction(words)
    except InputFault as error:
        AuditLog(Restriction("unknown"), os.environ).malformed(f"{error.what}: {error.why}")
        writer.write(_failed(error))
        return error.exit_code
    return Door(root, reader, writer, agent, restriction, AuditLog(restriction, os.environ)).serve()


def _drain(root: Path, restriction: Restriction, frame: Frame) -> Iterator[Frame]:
    from .draining import drain

    return drain(root, frame, restriction)


def _undrain(root: Path, restriction: Restriction, frame: Frame) -> Iterator[Frame]:
    from .draining import undrain

    return undrain(root, frame, restriction)


def _maintenance(root: Path, restriction: Restriction, frame: Frame) -> Iterator[Frame]:
    from .maintaining import answer_maintenance

    return answer_maintenance(root, frame, restriction)


def _make_ready() -> None:
    """Load what a change needs while the client, which asks how things stand first, makes up its mind.

    Who wants to know whether users are served (``ask``) changes nothing. The process of the task has what is loaded here.
    """
    from ..run import deploy  # noqa: F401 - for the time that it takes
    from . import intake, task_process  # noqa: F401 - the same


def _failed(error: AgentError) -> Frame:
    return render_event(failed_result(error))
