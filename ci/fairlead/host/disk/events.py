"""What a task tells: events, appended to a file that outlives every connection.

Each is one JSON object a line; a client tails the file, and one that comes later reads it from the start.
The last event of a task is its ``result``. They are handed on as they were written, by whatever agent that was.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from ..wire.events import kind_of, render_event
from ..wire.frames import Frame
from ..wire.plainjson import parse_json
from ..wire.result import Event, Result

EVENTS = "events.jsonl"
"""The file of a task's events, in the task's folder."""
_POLL_SECONDS = 0.02
_CHUNK = 1024 * 1024


class Emitter:
    """Append events to a file; calling it is the ``emit`` of the transaction.

    Args:
        path: the file.
        hide: gives what may be written of an event: the values of secrets are in no file and on no line.

    An event that cannot be written (disk full) is dropped: telling must never fail a deploy.
    The journal, which must be written, is another file.
    """

    def __init__(self, path: Path, hide: Callable[[Any], Any] = dict) -> None:
        self._hide = hide
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        self.ended = False
        self._torn = False

    def __call__(self, event: Event) -> None:
        line = (
            json.dumps(self._hide(render_event(event)), separators=(",", ":"), default=str).encode("ascii")
            + b"\n"
        )
        if self._torn:
            # What a full disk cut off is a line of its own: it must not swallow this one.
            line = b"\n" + line
        try:
            written = os.write(self._descriptor, line)
        except OSError:
            return
        self._torn = written != len(line)
        if self._torn:
            return
        self.ended = self.ended or isinstance(event, Result)

    def close(self) -> None:
        """Give the file back."""
        os.close(self._descriptor)


def follow_events(
    path: Path, *, alive: Callable[[], bool], gone: Callable[[], bool], start: int = 0
) -> Iterator[Frame]:
    """Hand over events as they are written, from number ``start`` on, until the result.

    Ends without a result when the writer is not ``alive`` any more, or when the reader is ``gone``.
    The result is handed over in any case.
    """
    number, rest = 0, b""
    with contextlib.ExitStack() as stack:
        stream: BinaryIO | None = None
        while True:
            # Ask first and read after, so that the last words of a writer that died are still read.
            running = alive()
            # Kept open: the last words of a task that removed its own folder are read as well.
            stream = stream or _open(path, stack)
            chunk = stream.read(_CHUNK) if stream is not None else b""
            *lines, rest = (rest + chunk).split(b"\n")
            for event in _parse_lines(lines):
                last = kind_of(event) == Result.kind
                if number >= start or last:
                    yield event
                if last:
                    return
                number += 1
            if chunk:
                continue
            if not running or gone():
                return
            time.sleep(_POLL_SECONDS)


def _open(path: Path, stack: contextlib.ExitStack) -> BinaryIO | None:
    try:
        return stack.enter_context(path.open("rb", buffering=0))
    except FileNotFoundError:
        return None


def _parse_lines(lines: Sequence[bytes]) -> Iterator[Frame]:
    for line in lines:
        try:
            event = parse_json(line)
        except ValueError:
            continue
        if isinstance(event, dict):
            yield event
