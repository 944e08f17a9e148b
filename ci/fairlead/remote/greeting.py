"""The loader's first answers, told apart from whatever a server's start-up files print before them."""

from __future__ import annotations

import os

from fairlead.errors import CommandFailedError
from fairlead.host.wire.frames import Frame, FrameError, parse_frame
from fairlead.host.wire.names import PROTOCOL

_ANSWERS = ("known", "wanted", "stored")
_UNMARKED = 1
"""The protocol that was spoken before answers were marked."""


def make_mark() -> str:
    """What the loader says back with every answer: nobody who printed something before can have known it."""
    return os.urandom(16).hex()


def parse_greeting(line: bytes, mark: str) -> Frame | None:
    """The loader's answer; None where somebody else has printed this line.

    Raises:
        CommandFailedError: it is the loader's, and of a version that speaks otherwise.
    """
    try:
        answer = parse_frame(line)
    except FrameError:
        return None
    if answer.get("mark") == mark:
        return _understood(answer)
    return answer if _is_unmarked(answer) else None


def _is_unmarked(answer: Frame) -> bool:
    """Whether it is, word for word, an answer without a mark.

    A key that is held to one agent has a loader of its own, for years; and who cannot even read the greeting refuses so.
    """
    said = {name: value for name, value in answer.items() if name != "protocol"}
    error = said.pop("error", None)
    if said == {"agent": "refused"}:
        return isinstance(error, dict) and isinstance(error.get("what"), str)
    known = any(said == {"agent": one} for one in _ANSWERS)
    return known and error is None and answer.get("protocol", _UNMARKED) == _UNMARKED


def _understood(answer: Frame) -> Frame:
    spoken, said = answer.get("protocol"), answer.get("agent")
    # What it refuses it says in its own words.
    if said == "refused" or (spoken == PROTOCOL and said in _ANSWERS):
        return answer
    raise CommandFailedError(
        "this Fairlead and the server's are of different versions",
        why=f"this one speaks the protocol {PROTOCOL}, the server {str(spoken)[:20]}"
        if spoken != PROTOCOL
        else f"the server answers {str(said)[:40]!r}, which this one does not know",
        fix="use the Fairlead with which the server's key was restricted, or as root on the server: "
        "`fairlead host setup --restrict` with this one",
    )
