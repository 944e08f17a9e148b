"""Which line of a program's output says why it failed. Pure.

The last line seldom does: what follows the cause is where it happened, what the tool advises, or what the tool around it
says of its exit code.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Optional

_TRACEBACK = "Traceback (most recent call last):"
_CAUSES = tuple(
    re.compile(pattern)
    for pattern in (
        # What a database says, whoever passes it on: `ERROR:  relation "x" does not exist`.
        r"\b(ERROR|FATAL|PANIC):\s+\S",
        r"\bSQLSTATE\[\w+\]",
        # The name of an exception at the beginning: Python, Ruby, Node, and Java's and .NET's with words before it.
        r"^(Caused by: |Unhandled exception[.:] |Exception in thread \"[^\"]*\" )?[A-Za-z_][\w.$:\\]*(Error|Exception)( \([^)]*\)| \[[^\]]*\])?:",
        r"^(Caused by|Exception in thread|Unhandled exception|panic)\b.*:",
        r"^(?i:fatal|error|failed)\b\s*[:\[(].*\S",
    )
)
_AROUND = re.compile(
    r"^(npm (ERR!|error)|(yarn: )?error Command failed|\s*ELIFECYCLE|error: script \"[^\"]*\" exited|make: \*\*\*)"
    r"|^\(Background on this error at: |^\w*Error: P\d{4}\Z|an error has occurred, (this and )?all later migrations",
    re.IGNORECASE,
)
"""What the tool around it says of it, and what says that something failed without saying what."""
_PLAIN = re.compile(r"^\s*(INFO|DEBUG|NOTICE)\b")


def find_cause(lines: Sequence[str], loud: Sequence[str] = ()) -> str:
    """The line that names the cause best, else the last one; empty where nothing was printed.

    Args:
        lines: what it printed last.
        loud: what of it went to its stderr, where that is known: looked at first.
    """
    for some in (loud, lines):
        found = _named(some)
        if found is not None:
            return found.strip()
    for some in (loud, lines):
        unusual = [line for line in some if line.strip() and not _PLAIN.match(line)]
        if unusual:
            return unusual[-1].strip()
    return next((line.strip() for line in reversed((*loud, *lines)) if line.strip()), "")


def _named(lines: Sequence[str]) -> Optional[str]:
    """The last line that is a cause by its form, or that ends a traceback."""
    found, within = None, False
    for line in lines:
        if line.strip().endswith(_TRACEBACK):
            within = True
        elif within and line.strip() and not line[:1].isspace():
            # The first line after the frames is the exception, whatever it is called; more may follow it.
            found, within = line, False
        elif not _AROUND.search(line) and any(cause.search(line) for cause in _CAUSES):
            found = line
    return found
