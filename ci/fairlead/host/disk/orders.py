"""What a client that keeps several hosts in step tells a task: files in the task's folder, written by the door.

A point's word is a file of its own. How it ends, ``commit`` or ``stop``, is one file that is made once: of two
clients that disagree the first one counts.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..wire.errors import InputFault, StoppedFault
from ..wire.fleet import COMMIT, STOP, WORDS
from .atomic import sync_folder, write_file

_ATTENDED = "attended"
_END = "order.end"
ATTEND = "attend"
"""Nothing but a sign of life."""
_MAX_WHY = 1000


def hand_on(folder: Path, frame: Mapping[str, Any]) -> str:
    """Do what a frame ``{"order": word, "why"?}`` says; returns the word that holds.

    Raises:
        InputFault: there is no such word.
        OSError: it could not be written.
    """
    word, why = frame.get("order"), frame.get("why", "")
    if word == ATTEND:
        attend(folder)
        return ATTEND
    if word not in WORDS or not isinstance(why, str):
        raise InputFault(
            f"there is no word {str(word)[:40]!r}",
            why=f"a task is told {', '.join(WORDS)}",
            fix="use the same version of fairlead on both ends",
        )
    return give_order(folder, word, why[:_MAX_WHY])


def give_order(folder: Path, word: str, why: str = "") -> str:
    """Tell the task ``word`` and why; returns the word that holds, another one if it was told its end before.

    Raises:
        OSError: it could not be written.
    """
    attend(folder)
    if word not in (COMMIT, STOP):
        (folder / f"order.{word}").touch(0o600)
        return word
    scratch = folder / f".{_END}.{os.getpid()}"
    write_file(scratch, f"{word}\n{why}".encode())
    try:
        os.link(scratch, folder / _END)
    except FileExistsError:
        return read_end(folder)[0]
    finally:
        scratch.unlink()
    # From here on a commit is decided, whatever dies.
    sync_folder(folder)
    return word


def attend(folder: Path) -> None:
    """Leave word that the client is there."""
    with contextlib.suppress(OSError):
        (folder / _ATTENDED).touch(0o600)


def attended_at(folder: Path) -> int:
    """When the client was heard of last, by the file's time in nanoseconds; 0 for never."""
    try:
        return (folder / _ATTENDED).stat().st_mtime_ns
    except OSError:
        return 0


def is_ordered(folder: Path, word: str) -> bool:
    """Whether the task was told this word."""
    if word in (COMMIT, STOP):
        return read_end(folder)[0] == word
    return (folder / f"order.{word}").exists()


def raise_if_stopped(folder: Path) -> None:
    """A safe point of the task: go no further where it was told to stop.

    Raises:
        StoppedFault: it was.
    """
    word, why = read_end(folder)
    if word == STOP:
        raise StoppedFault("stopped", why=why, fix="run it again when that is mended")


def read_end(folder: Path) -> tuple[str, str]:
    """``commit`` or ``stop`` and why, or two empty texts as long as neither was said."""
    try:
        word, _, why = (folder / _END).read_text(encoding="utf-8").partition("\n")
    except OSError:
        return "", ""
    return word, why
