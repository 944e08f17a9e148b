"""The source lines that findings point to: each file is read once."""

from __future__ import annotations

from fairlead.host.wire.visible import visible
from fairlead.secret_signs.lines import ShownLines

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairlead.findings import Location

_WIDEST = 160
_MOST_BYTES = 16 * 1024 * 1024
_YAML = (".yaml", ".yml", ".json")
_OF_SECRETS = frozenset(("secret-in-environment", "literal-secret", "default-password", "leaked-key"))
"""Rules that find secrets: of the line, the name is shown."""
_OF_VARIABLES = _OF_SECRETS | {"env-file", "schema", "model", "yaml-trap"}
"""Rules that may find something in a file of variables, where each line may be a secret."""


class SourceLines:
    """Lines of files as the user knows them."""

    def __init__(self) -> None:
        self._files: dict[str, ShownLines] = {}

    def line(self, location: Location) -> str | None:
        """The line that a place points to, without secrets; None if there is no such file or line."""
        lines = self._files.get(location.path)
        if lines is None:
            lines = self._files[location.path] = ShownLines(_read(location.path))
        return lines.shown(location.line - 1) if 0 < location.line <= len(lines) else None

    def excerpt(self, location: Location, rule: str = "") -> list[str]:
        """The line with its number, and a caret below the column. The value of a secret is not shown."""
        source = shown_source(self.line(location), location, rule)
        return excerpt_lines(source, location) if source else []


def shown_source(source: str | None, location: Location, rule: str) -> str:
    """What of a source line may be shown: nothing of a file of variables, and no secret's value; empty if nothing."""
    if source is None or not source.strip() or (rule in _OF_VARIABLES and not location.path.endswith(_YAML)):
        return ""
    return _without_value(source) if rule in _OF_SECRETS else source


def excerpt_lines(source: str, location: Location) -> list[str]:
    """A source line with its number, and a caret below the column."""
    gutter = f"    {location.line} | "
    lines = [gutter + _printable(source)[:_WIDEST]]
    if 0 < location.column <= min(len(source) + 1, _WIDEST):
        lines.append(" " * (len(gutter) - 2) + "| " + " " * (location.column - 1) + "^")
    return lines


def _read(path: str) -> list[str]:
    """All lines of a file as YAML counts them; none of one that can't be read or is too large."""
    try:
        with open(path, "rb") as file:  # noqa: PTH123 - a path as it was shown
            raw = file.read(_MOST_BYTES + 1)
    except (OSError, ValueError):
        return []
    if len(raw) > _MOST_BYTES:
        return []
    wide = raw.startswith((b"\xff\xfe", b"\xfe\xff"))
    text = raw.decode("utf-16" if wide else "utf-8-sig", "replace").replace("\r\n", "\n").replace("\r", "\n")
    return text.split("\n")


def _without_value(source: str) -> str:
    """A line of ``KEY: value`` or ``- KEY=value`` without the value; a line of something else, hidden whole."""
    for mark in ("=", ": "):
        head, found, value = source.partition(mark)
        if found and value.strip():
            return f"{head}{found}***"
    return source if source.rstrip().endswith(":") else "***"


def _printable(source: str) -> str:
    """One character stays one column: a tab becomes a space, one that is not seen a dot."""
    if source.isprintable() and source.isascii():
        return source
    return "".join(" " if char == "\t" else "." if visible(char) != char else char for char in source)
