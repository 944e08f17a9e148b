"""Where lines go: a stream, through the redaction filter, flushed at once."""

from __future__ import annotations

from typing import TextIO

from fairlead.report.redact import masked


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
        self.stream.write(masked(text) + "\n")
        self.stream.flush()
