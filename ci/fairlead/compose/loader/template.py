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

_NAME = re.compile(r"[_a-z][_a-z0-9]*", re.IGNORECASE)


class TemplateError(Exception):
    """A text that can't be substituted; the message says why."""


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
    parts: list[str] = []
    length = position = 0
    while True:
        dollar = text.find("$", position)
        if dollar < 0:
            parts.append(text[position:])
            break
        parts.append(text[position:dollar])
        piece, position = _piece(text, dollar, variables, told, depth)
        parts.append(piece)
        length += len(piece)
        if length > MAX_LENGTH:
            raise TemplateError(f"the text grows beyond {MAX_LENGTH:,} characters")
    return "".join(parts)


def _piece(
    text: str, dollar: int, variables: Mapping[str, str], told: Told | None, depth: int
) -> tuple[str, int]:
    """What stands for the ``$`` at an index, and the index after it."""
    following = text[dollar + 1 : dollar + 2]
    if following == "$":
        return "$", dollar + 2
    if following == "{":
        return _braced(text, dollar, variables, told, depth)
    name = _NAME.match(text, dollar + 1)
    if name is None:
        return "$", dollar + 1
    if told is not None:
        told(name[0], "", "", name[0] in variables)
    return variables.get(name[0], ""), name.end()


def _braced(
    text: str, dollar: int, variables: Mapping[str, str], told: Told | None, depth: int
) -> tuple[str, int]:
    name = _NAME.match(text, dollar + 2)
    if name is None:
        raise TemplateError(f"{_shown(text, dollar)} names no variable")
    start = name.end()
    if text.startswith("}", start):
        if told is not None:
            told(name[0], "", "", name[0] in variables)
        return variables.get(name[0], ""), start + 1
    width = 2 if text[start : start + 1] == ":" else 1
    operator = text[start : start + width]
    if operator[-1:] not in {"-", "?", "+"}:
        raise TemplateError(f"{_shown(text, dollar)} is not closed, or holds an operator that is none")
    line_end = text.find("\n", start)
    last = text.rfind("}", start + width, line_end if line_end >= 0 else len(text))
    if last < 0:
        raise TemplateError(f"{_shown(text, dollar)} is not closed")
    closing = _closing(text, dollar, last)
    word = text[start + width : closing]
    if told is not None:
        told(name[0], operator, word, name[0] in variables)
    return _operate(name[0], operator, word, variables, told, depth), closing + 1


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
            f"the variable {name} is not set: {word}" if word else f"the variable {name} is not set"
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
        index += 1
    return last


def _shown(text: str, dollar: int) -> str:
    end = text.find("\n", dollar)
    part = text[dollar : end if end >= 0 else len(text)]
    return part if len(part) <= 40 else f"{part[:39]}…"
