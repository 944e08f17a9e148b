"""``${…}`` in a text, as Compose substitutes it. Pure.

Source: ``template.go`` of compose-go. Three of its ways are easy to miss: a default is substituted (and may fail)
even when it is not used; a default ends at the brace that closes it, on the same line; a ``$`` before anything but a
name, a brace or another ``$`` is a plain character.
"""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Told = Callable[[str, str, str, bool], None]
    """Told of each use: the variable, its operator, what follows the operator, and whether it is set."""

MAX_LENGTH = 1024 * 1024
"""Longest text after substitution, in characters: variables that hold variables grow without bound."""
MAX_NESTING = 50
"""Deepest ``${A:-${B:-…}}``."""

MAX_VARIABLES = 10_000
"""Most variables in one text."""

_NAME = re.compile(r"[_a-z][_a-z0-9]*", re.IGNORECASE)


_NOT_CLOSED = "a `${` is not closed, or its operator is none"


class TemplateError(Exception):
    """A text that can't be substituted; the message says why, and ``quiet`` without a word of the text."""

    def __init__(self, what: str, quiet: str = "") -> None:
        super().__init__(what)
        self.quiet = quiet or what


def substitute(text: str, variables: Mapping[str, str], told: Told | None = None, depth: int = 0) -> str:
    """The text with its variables put in.

    Args:
        text: what is written.
        variables: by name; one that is not there is not set.
        told: called for each use of a variable, nested ones included.
        depth: how deep this text stands in defaults.

    Raises:
        TemplateError: a brace does not close, a name is none, or a demanded variable is not set.
    """
    if depth > MAX_NESTING:
        raise TemplateError(f"variables are nested deeper than {MAX_NESTING} levels")
    return _Template(text, variables, told, depth).substitute()


class _Template:
    """One text, taken from left to right."""

    def __init__(self, text: str, variables: Mapping[str, str], told: Told | None, depth: int) -> None:
        self._text = text
        self._variables = variables
        self._told = told
        self._depth = depth
        # The end of the line at hand, and its last closing brace: looked for once a line.
        self._line_end = self._last_brace = -1

    def substitute(self) -> str:
        text = self._text
        parts: list[str] = []
        length = position = 0
        while True:
            dollar = text.find("$", position)
            if dollar < 0:
                parts.append(text[position:])
                return "".join(parts)
            parts.append(text[position:dollar])
            piece, position = self._piece(dollar)
            parts.append(piece)
            length += len(piece)
            if length > MAX_LENGTH:
                raise TemplateError(f"the text grows beyond {MAX_LENGTH:,} characters")
            if len(parts) > 2 * MAX_VARIABLES:
                raise TemplateError(f"it holds more than {MAX_VARIABLES:,} variables")

    def _piece(self, dollar: int) -> tuple[str, int]:
        """What stands for the ``$`` at an index, and the index after it."""
        text = self._text
        following = text[dollar + 1 : dollar + 2]
        if following == "$":
            return "$", dollar + 2
        if following == "{":
            return self._braced(dollar)
        name = _NAME.match(text, dollar + 1)
        if name is None:
            return "$", dollar + 1
        return self._value(name[0]), name.end()

    def _value(self, name: str) -> str:
        if self._told is not None:
            self._told(name, "", "", name in self._variables)
        return self._variables.get(name, "")

    def _braced(self, dollar: int) -> tuple[str, int]:
        text = self._text
        name = _NAME.match(text, dollar + 2)
        if name is None:
            raise TemplateError(f"{_shown(text, dollar)} names no variable", "a `$` names no variable")
        start = name.end()
        if text.startswith("}", start):
            return self._value(name[0]), start + 1
        width = 2 if text[start : start + 1] == ":" else 1
        operator = text[start : start + width]
        if operator[-1:] not in {"-", "?", "+"}:
            raise TemplateError(f"{_shown(text, dollar)} is not closed, or its operator is none", _NOT_CLOSED)
        last = self._last(start)
        if last < start + width:
            raise TemplateError(f"{_shown(text, dollar)} is not closed", _NOT_CLOSED)
        closing = _closing(text, dollar, last)
        word = text[start + width : closing]
        if self._told is not None:
            self._told(name[0], operator, word, name[0] in self._variables)
        return _operate(name[0], operator, word, self._variables, self._told, self._depth), closing + 1

    def _last(self, start: int) -> int:
        """The index of the last closing brace of the line in which an index stands."""
        if start > self._line_end:
            end = self._text.find("\n", start)
            self._line_end = end if end >= 0 else len(self._text)
            self._last_brace = self._text.rfind("}", start, self._line_end)
        return self._last_brace


def _operate(
    name: str, operator: str, word: str, variables: Mapping[str, str], told: Told | None, depth: int
) -> str:
    word = substitute(word, variables, told, depth + 1)
    value = variables.get(name)
    counts = value is not None and (value != "" or operator[0] != ":")
    if operator[-1] == "+":
        return word if counts else (value or "")
    if counts:
        return value or ""
    if operator[-1] == "?":
        raise TemplateError(
            f"the variable {name} is not set: {word}" if word else f"the variable {name} is not set",
            "a variable that is demanded is not set",
        )
    return word


def _closing(text: str, dollar: int, last: int) -> int:
    """The index of the brace that closes the one after a ``$``; the line's last where none does.

    A brace that stands right after an opening one is not counted: Compose skips that character.
    """
    opened = 0
    index = dollar
    while index <= last:
        character = text[index]
        if character == "}":
            opened -= 1
            if opened == 0:
                return index
        elif character == "{":
            opened += 1
            index += 1
            if opened > MAX_NESTING:
                raise TemplateError(f"variables are nested deeper than {MAX_NESTING} levels")
        index += 1
    return last


def _shown(text: str, dollar: int) -> str:
    end = text.find("\n", dollar)
    part = text[dollar : end if end >= 0 else len(text)]
    return part if len(part) <= 40 else f"{part[:39]}…"
