"""Damage to JSON and to bytes, drawn from a seed, and a watch on what a program touches meanwhile."""

from __future__ import annotations

import contextlib
import copy
import json
import os
import random
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from fairlead.host.door.door import Door
from fairlead.host.wire.frames import FrameReader, FrameWriter

ODD: tuple[Any, ...] = (
    None, True, False, -1, 0, 2**63, 10**40, 1e308, 0.5, "", " ", ".", "..", "../../../../tmp/escaped", "/etc/passwd",
    "~", "\0", "a\nb", "\ud800", "\u202e", "a" * 300, "x" * 100_000, [], {}, [[]], [{}], {"": None}, {"__proto__": {}},
    "000001", "000000", "board", "../board", "f" * 64, "$(reboot)", "%s%n", [None] * 50, {"kind": "dir", "entries": {}},
)  # fmt: skip
_DEEP = re.compile(r'"@deep (\d+)@"')
_CHANGING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
_PATHS = {"os.mkdir", "os.rmdir", "os.remove", "os.truncate", "os.chmod", "os.chown", "shutil.rmtree"}
_PAIRS = {"os.rename", "os.link", "os.symlink"}


def damage(value: Any, dice: random.Random) -> Any:
    """The same value with one to four things wrong with it."""
    made = copy.deepcopy(value)
    for _ in range(dice.randint(1, 4)):
        made = _wrong(made, dice)
    return made


def _wrong(value: Any, dice: random.Random) -> Any:
    """One thing wrong, somewhere within."""
    if isinstance(value, dict) and value and dice.random() < 0.85:
        key = dice.choice(list(value))
        how = dice.random()
        if how < 0.1:
            del value[key]
        elif how < 0.25:
            value[str(dice.choice(ODD))[:200]] = (
                value.pop(key) if dice.random() < 0.5 else copy.deepcopy(value[key])
            )
        else:
            value[key] = _wrong(value[key], dice)
        return value
    if isinstance(value, list) and value and dice.random() < 0.7:
        at = dice.randrange(len(value))
        value[at] = _wrong(value[at], dice)
        return value
    if isinstance(value, str) and dice.random() < 0.3:
        return damage_text(value, dice)
    if dice.random() < 0.02:
        return f"@deep {dice.choice((10, 500, 100_000))}@"
    return copy.deepcopy(dice.choice(ODD))


def damage_text(text: str, dice: random.Random) -> str:
    """A text with a piece gone, doubled, or replaced by what means something to a path or a shell."""
    at = dice.randrange(len(text) + 1)
    return (
        text[:at]
        + dice.choice(("", "/", "../", "\0", "\n", "%00", "..", "\\", "é"))
        + text[at + dice.randint(0, 3) :]
    )


def damage_bytes(content: bytes, dice: random.Random) -> bytes:
    """Bytes cut off, flipped, doubled, or with garbage between them."""
    made = bytearray(content)
    for _ in range(dice.randint(1, 4)):
        at = dice.randrange(len(made) + 1)
        how = dice.randrange(5)
        if how == 0:
            del made[at:]
        elif how == 1:
            made[at : at + 1] = bytes([dice.randrange(256)])
        elif how == 2:
            made[at:at] = made[max(0, at - 100) : at]
        elif how == 3:
            made[at:at] = dice.randbytes(dice.randint(1, 40))
        else:
            del made[at : at + dice.randint(1, 200)]
    return bytes(made)


def encode(frame: Any) -> bytes:
    """A frame as a careless client would write it; what is nested too deeply to be a value here becomes so now."""
    text = json.dumps(frame, separators=(",", ":"))
    return _DEEP.sub(lambda mark: "[" * int(mark[1]) + "]" * int(mark[1]), text).encode() + b"\n"


class Watch:
    """What is written, made, moved or removed outside the allowed folders, by Python's audit events.

    An audit hook stays for the life of the process, so there is one, and it looks only while it is told to.
    """

    def __init__(self) -> None:
        self.allowed: tuple[str, ...] = ()
        self.strayed: list[str] = []
        self._looks = False
        sys.addaudithook(self._audit)

    @contextlib.contextmanager
    def over(self, *allowed: str) -> Iterator[None]:
        """Look; what begins with one of ``allowed``, links resolved, is fine."""
        self.allowed, self.strayed = allowed, []
        self._looks = True
        try:
            yield
        finally:
            self._looks = False

    def _audit(self, event: str, words: tuple[Any, ...]) -> None:
        if not self._looks:
            return
        if event == "open":
            changing = isinstance(words[2], int) and bool(words[2] & _CHANGING)
            self._see(event, words[0] if changing else None)
        elif event in _PATHS:
            self._see(event, words[0])
        elif event in _PAIRS:
            self._see(event, words[1])
        elif event in {"subprocess.Popen", "os.system", "os.exec", "os.fork"}:
            self.strayed.append(f"{event} {words}")

    def _see(self, event: str, path: object) -> None:
        if not isinstance(path, (str, bytes, os.PathLike)):
            return
        text = os.fsdecode(path)
        self._looks = False
        # The folder counts, its links resolved: one that leads out would be an escape.
        folder, _, name = text.rpartition("/")
        real = f"{os.path.realpath(folder or '/')}/{name}"
        self._looks = True
        if text.startswith("/") and not real.startswith(self.allowed):
            self.strayed.append(f"{event} {text}")


WATCH = Watch()


def ask(root: Path, raw: bytes) -> tuple[int, list[dict[str, Any]]]:
    """A conversation; the exit code and what was answered."""
    asked, told = os.memfd_create("asked"), os.memfd_create("told")
    try:
        os.write(asked, raw)
        os.lseek(asked, 0, os.SEEK_SET)
        code = Door(root, FrameReader(asked), FrameWriter(told), ("agent",)).serve()
        answer = os.pread(told, 1 << 24, 0)
    finally:
        os.close(asked)
        os.close(told)
    return code, [json.loads(line) for line in answer.splitlines()]
