"""The requests that take a host out of the load balancer, and back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ..engine.engine import Engine
from ..state.drain import end_drain, parse_paths, start_drain, wait_until_quiet
from ..wire.answer import render_answer
from ..wire.calls import Drain
from ..wire.contract import parse_whole
from ..wire.events import QuietEvent, render_event
from ..wire.frames import Frame
from ..wire.replies import DrainAnswer, UndrainAnswer
from ..wire.restriction import Restriction
from ..wire.result import Result
from .answers import parse_deployed_app


def drain(root: Path, frame: Frame, restriction: Restriction) -> Iterator[Frame]:
    """Answer 503 where a load balancer asks, and tell when nothing comes any more.

    Raises:
        InputFault: it cannot be asked for like this.
    """
    paths, given = parse_deployed_app(root, frame, restriction), parse_paths(frame.get("paths", []))
    bound = parse_whole(Drain, frame).timeout
    chosen = start_drain(paths, given)
    seen: QuietEvent = wait_until_quiet(paths, Engine.connect(), bound)
    yield render_event(seen)
    answer = DrainAnswer(chosen, seen.quiet, seen.in_flight, seen.streams)
    yield render_event(Result("ok", data=render_answer(answer)))


def undrain(root: Path, frame: Frame, restriction: Restriction) -> Iterator[Frame]:
    """Let users in again.

    Raises:
        InputFault: there is no such app here.
    """
    answer = UndrainAnswer(end_drain(parse_deployed_app(root, frame, restriction)))
    yield render_event(Result("ok", data=render_answer(answer)))
