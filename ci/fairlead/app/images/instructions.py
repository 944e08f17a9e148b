"""The instructions of a Dockerfile: its lines joined, comments and here-documents passed over.

Grammar: https://docs.docker.com/reference/dockerfile/
"""

from __future__ import annotations

import re
from functools import cache

from fairlead.quick.records import dataclass

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True)
class Instruction:
    """An instruction: its keyword in upper case, the rest joined to one line, its first line (from 1)."""

    keyword: str
    rest: str
    line: int

    @property
    def text(self) -> str:
        """As a builder shows it."""
        return f"{self.keyword} {self.rest}"


@cache
def _heredoc() -> re.Pattern[str]:
    # A word of its own, as BuildKit has it: `<<<` gives a shell a string, and `$((1 << X))` is arithmetic.
    return re.compile(r"""(?<!\S)[0-9]*<<-?(["']?)([^\s<"']+)\1(?!\S)""")


def read_instructions(text: str) -> Iterator[Instruction]:
    """Read a Dockerfile. What is wrong with it is left to the builder to say."""
    lines = text.splitlines()
    escape = _escape(lines)
    number = 0
    while number < len(lines):
        first = number
        logical, number = _logical_line(lines, number, escape)
        keyword, *rest = logical.split(None, 1) or ("",)
        if not keyword:
            continue
        instruction = Instruction(keyword.upper(), rest[0].strip() if rest else "", first + 1)
        if "<<" in logical and instruction.keyword in {"RUN", "COPY", "ADD"}:
            number = _skip_heredocs(lines, number, instruction.rest)
        yield instruction


def _logical_line(lines: list[str], number: int, escape: str) -> tuple[str, int]:
    """The lines of one instruction, joined; comments and empty lines between them are dropped."""
    parts: list[str] = []
    while number < len(lines):
        line = lines[number].rstrip()
        number += 1
        if line.lstrip().startswith("#") or (parts and not line.strip()):
            if not parts:
                return "", number
            continue
        if not line.endswith(escape):
            parts.append(line)
            break
        parts.append(line[:-1])
    return " ".join(part.strip() for part in parts), number


def _skip_heredocs(lines: list[str], number: int, rest: str) -> int:
    for _, end in _heredoc().findall(rest):
        while number < len(lines) and lines[number].strip() != end:
            number += 1
        number += 1
    return number


def _escape(lines: list[str]) -> str:
    """The character that joins lines: a directive at the top may name another one."""
    for line in lines:
        name, _, value = line.removeprefix("#").partition("=")
        words = value.split()
        if not line.startswith("#") or len(words) != 1 or not name.strip().isidentifier():
            break
        if name.strip().lower() == "escape":
            return words[0]
    return "\\"
