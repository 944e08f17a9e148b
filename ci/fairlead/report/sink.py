"""Where lines go: a stream, through the filters that every line passes, flushed at once.

Nothing else of the client writes to the process's streams (a test sees to it): no secret and no control character
of anybody else's comes past here.
"""

from __future__ import annotations

from fairlead.host.wire.visible import escaped, visible
from fairlead.report.redact import masked

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TextIO


def clean(text: str) -> str:
    """Text as it may be shown: nothing in it steers a terminal, and no registered secret stands in it."""
    return masked(visible(text))


class Sink:
    """A text stream that takes whole lines.

    Each is flushed at once, so that two streams that end in one log keep their order.
    """

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream

    @property
    def is_terminal(self) -> bool:
        return self.stream.isatty()

    @property
    def unicode(self) -> bool:
        """Whether the stream can show more than ASCII."""
        encoding = (getattr(self.stream, "encoding", None) or "utf-8").lower().replace("-", "")
        return encoding.startswith("utf")

    def write(self, text: str = "") -> None:
        """Write one or more lines and flush them."""
        self._put(clean(text))

    def write_document(self, text: str) -> None:
        """Write a JSON document, which stays the same one; in a job no line of it is a command."""
        self._put(escaped(masked(text)).replace("##[", "#\\u0023["))

    def write_painted(self, text: str) -> None:
        """Write lines with colours of ours; whoever made them has used ``visible`` on what is not ours."""
        from re import split

        self._put(
            "".join(part if part[:1] == "\x1b" else clean(part) for part in split("(\x1b\\[[0-9;]*m)", text))
        )

    def write_command(self, command: str) -> None:
        """Write a command that tells a runner what to hide: it is the one line in which the value must stand."""
        self._put(escaped(command))

    def write_raw(self, text: str) -> None:
        """Write the content of a file that somebody asked for, to a file or a program: byte for byte."""
        self._put(masked(text), end="")

    def _put(self, text: str, end: str = "\n") -> None:
        self.stream.write(text + end)
        self.stream.flush()
