"""A live terminal: a spinner for what is under way, colours, and nothing left over when it ends."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.spinner import Spinner
from rich.text import Text

from fairlead.report import layout
from fairlead.report.failure import read_source_line, render_error
from fairlead.report.sink import clean

if TYPE_CHECKING:
    from typing import TextIO

    from rich.live import Live

    from fairlead.errors import FairleadError
    from fairlead.findings import Location
    from fairlead.report.protocol import Phase

_FRAMES = 12.5
"""A second: as many as the spinner has."""
_STYLES = {"done": "green", "failed": "bold red", "skipped": "dim"}


class TerminalReporter:
    """Writes to one terminal; NO_COLOR switches the colours off, not the movement."""

    def __init__(self, stream: TextIO) -> None:
        self._console = Console(
            file=stream,
            markup=False,
            highlight=False,
            emoji=False,
            soft_wrap=True,
            no_color="NO_COLOR" in os.environ,
        )
        self._under_way: list[str] = []
        self._hosts: dict[str, str] = {}
        self._spinner = Spinner("dots", style="status.spinner")
        self._live: Live | None = None

    @classmethod
    def standard(cls) -> TerminalReporter:
        """On the process's own stdout."""
        return cls(sys.stdout)

    @contextmanager
    def step(self, text: str) -> Iterator[None]:
        start = time.monotonic()
        self._begin(text)
        try:
            yield
        except BaseException:
            self._end(text, "failed", time.monotonic() - start)
            raise
        self._end(text, "done", time.monotonic() - start)

    def progress(self, text: str) -> None:
        if self._live is None or not self._under_way:
            return
        width = max(self._console.width - len(self._under_way[-1]) - 6, 10)
        passing = Text(self._under_way[-1])
        passing.append(f"  {clean(text).strip()[:width]}", style="dim")
        self._spinner.update(text=passing)

    def line(self, text: str = "") -> None:
        self._print(text)

    def warn(self, text: str, location: Location | None = None) -> None:
        place = f"{location}: " if location else ""
        self._print(("warning: ", "bold yellow"), f"{place}{text}")

    def table(self, headers: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        head, *body = layout.render_table(headers, rows)
        self._print((head, "bold"))
        for line in body:
            self._print(line)

    def phase(
        self, name: str, state: str, seconds: float | None = None, detail: str = "", host: str = ""
    ) -> None:
        if host:
            self._follow(host, name, state, seconds, detail)
            return
        if state == "begin":
            self._begin(f"{name}: {detail}" if detail else name, replace=True)
            return
        self._end(f"{name}: {detail}" if detail else name, state, seconds if state != "skipped" else None)

    def timeline(self, phases: Sequence[Phase]) -> None:
        if self._hosts:
            self._hosts.clear()
            self._under_way.clear()
            self._halt()
        lines = layout.render_timeline(phases)
        for line, (_, state, _) in zip(lines, phases, strict=False):
            self._print((line, {"failed": "red", "skipped": "dim"}.get(state, "cyan")))
        for line in lines[len(phases) :]:
            self._print((line, "bold"))

    def result(self, document: Mapping[str, object], text: str) -> None:
        self._halt()
        if text:
            self._print(text)

    def error(self, error: FairleadError) -> None:
        self._halt()
        first, *rest = render_error(error, read_source_line)
        self._print(("error:", "bold red"), first.removeprefix("error:"))
        for line in rest:
            self._print((line, _error_style(line)))

    def end(self, exit_code: int) -> None:
        """Nothing more to say."""

    def close(self) -> None:
        self._halt()

    def _follow(self, host: str, name: str, state: str, seconds: float | None, detail: str) -> None:
        """One line a host, which says what it is at; only a failure stays on the screen."""
        took = f"  {layout.render_seconds(seconds)}" if seconds is not None and state != "skipped" else ""
        text = f"{name}: {detail}" if detail else name
        self._hosts[host] = f"{layout.MARKS.get(state, state)} {text}{took}"
        if state == "failed":
            self._print((layout.MARKS["failed"], _STYLES["failed"]), f" {host}  {text}{took}")
        width = max(map(len, self._hosts))
        lines = (f"{one.ljust(width)}  {said}" for one, said in self._hosts.items())
        self._under_way[:] = [clean("\n  ".join(lines))]
        self._show()

    def _begin(self, text: str, *, replace: bool = False) -> None:
        if replace:
            self._under_way.clear()
        self._under_way.append(clean(text))
        self._show()

    def _end(self, text: str, state: str, seconds: float | None) -> None:
        if self._under_way:
            self._under_way.pop()
        self._show()
        mark = layout.MARKS.get(state, state)
        took = f"  {layout.render_seconds(seconds)}" if seconds is not None else ""
        self._print((mark, _STYLES.get(state, "")), f" {text}", (took, "dim"))

    def _show(self) -> None:
        """Let the spinner say the innermost thing under way, or rest when there is none."""
        if not self._under_way:
            self._halt()
            return
        self._spinner.update(text=Text(self._under_way[-1]))
        if self._live is None:
            from rich.live import Live

            self._live = Live(
                self._spinner, console=self._console, refresh_per_second=_FRAMES, transient=True
            )
            # Drawn now: what is printed beside rich's thread that draws the first frame ends up in its line.
            self._live.start(refresh=True)

    def _halt(self) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _print(self, *parts: str | tuple[str, str]) -> None:
        """Print a line of these parts, each a text or a text and its style; nothing in them is markup."""
        pieces = ((part, "") if isinstance(part, str) else part for part in parts)
        self._console.print(Text.assemble(*((clean(text), style) for text, style in pieces)))


def _error_style(line: str) -> str:
    stripped = line.lstrip()
    if stripped.startswith("fix:"):
        return "green"
    if stripped.startswith("|"):
        return "dim"
    return ""
