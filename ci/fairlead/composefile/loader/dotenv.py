"""Files of variables, as Compose reads them: ``.env``, ``env_file:`` and ``label_file:``. Pure.

Source: ``dotenv/parser.go`` of compose-go.
"""

from __future__ import annotations

import re

from fairlead.composefile.loader.template import TemplateError, substitute

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_INLINE_SPACE = "\t\v\f\r \x85\xa0"
_ESCAPES = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v", '"': '"', "\\": "\\"}
_MAX_CODE = 255
_NAMELESS = "a value without a name, which Compose can't set: write NAME=value"


class DotenvError(Exception):
    """A file of variables that can't be read: what is wrong, and in which line; nothing of what stands in it."""

    def __init__(self, what: str, line: int) -> None:
        super().__init__(what)
        self.what = what
        self.line = line


class _Layered(dict[str, str]):
    """Variables of several mappings, the first that has one winning."""

    def __init__(self, *layers: Mapping[str, str]) -> None:
        super().__init__()
        self._layers = layers

    def __contains__(self, name: object) -> bool:
        return any(name in layer for layer in self._layers)

    def get(self, name: str, default: str | None = None) -> str | None:  # type: ignore[override]  # only texts are asked for
        for layer in self._layers:
            if name in layer:
                return layer[name]
        return default


def parse_dotenv(
    text: str,
    outer: Mapping[str, str],
    known: dict[str, str] | None = None,
    lost: list[tuple[str, int]] | None = None,
    *,
    is_project: bool = False,
) -> dict[str, tuple[str, int]]:
    """The variables of a file, each with the line that sets it.

    Args:
        text: the file.
        outer: what ``$VAR`` and a bare ``VAR`` take their value from first.
        known: what was read before; a value may use it. It is added to.
        lost: takes what is nothing for want of a variable: the name whose value is cut, or none where a line sets nothing.
        is_project: it is the project's own, whose variables Compose sets for itself as well: each needs a name, and
            no NUL in its value, which an ``env_file:`` may hold.

    Raises:
        DotenvError: a line is none that sets a variable.
    """
    known = {} if known is None else known
    found: dict[str, tuple[str, int]] = {}
    seen = _Layered(outer, known)
    for name, value, quote, line in _statements(text.removeprefix("\ufeff"), is_project=is_project):
        if value is None:
            if name not in outer:
                if name and lost is not None:
                    lost.append(("", line))
                continue
            value = outer[name]
        elif quote != "'":
            value, is_cut = _substituted(_unescape(value) if quote else value, seen, line)
            if is_cut and lost is not None:
                lost.append((name, line))
        known[name] = value
        found[name] = (value, line)
    if is_project:
        _check_settable(found, outer)
    return found


def _substituted(value: str, seen: Mapping[str, str], line: int) -> tuple[str, bool]:
    """A value with its variables put in, and whether one of them is not set."""
    is_cut = False

    def told(_variable: str, operator: str, _: str, is_set: bool) -> None:
        nonlocal is_cut
        is_cut = is_cut or not (operator or is_set)

    try:
        return substitute(value, seen, told), is_cut
    except TemplateError as error:
        raise DotenvError(error.quiet, line) from error


def _check_settable(found: Mapping[str, tuple[str, int]], outer: Mapping[str, str]) -> None:
    """Raise where Compose can't set a variable for itself; one that is set already it leaves alone."""
    for name, (value, line) in found.items():
        if not name:
            raise DotenvError(_NAMELESS, line)
        if "\0" in value and name not in outer:
            raise DotenvError("a value holds a NUL character, with which Compose can't set a variable", line)


def parse_raw(text: str, known: dict[str, str]) -> dict[str, tuple[str, int]]:
    """The variables of a file of the format ``raw``: a line is a name, an equals sign, and the value as it is.

    Args:
        text: the file.
        known: what was read before; it is added to.
    """
    found: dict[str, tuple[str, int]] = {}
    for number, line in enumerate(text.split("\n"), start=1):
        name, equals, value = line.removesuffix("\r").partition("=")
        if equals and name and not name.startswith("#"):
            known[name] = value
            found[name] = (value, number)
    return found


def _statements(text: str, *, is_project: bool) -> Iterator[tuple[str, str | None, str, int]]:
    """Each statement: name, value as written (None: inherited), its quote, the line it starts in."""
    position, line, end = 0, 1, len(text)
    while position < end:
        character = text[position]
        if character.isspace():
            line += character == "\n"
            position += 1
            continue
        if character == "#":
            stop = text.find("\n", position)
            position = stop if stop >= 0 else end
            continue
        name, position, inherited = _name(text, position, line, is_project=is_project)
        start = line
        if inherited:
            line += 1
            yield name, None, "", start
            continue
        value, quote, position, lines = _value(text, position, line)
        line += lines
        yield name, value, quote, start


def _name(text: str, position: int, line: int, *, is_project: bool) -> tuple[str, int, bool]:
    exported = re.compile(r"export[^\S\n]+").match(text, position)
    if exported:
        position = exported.end()
        if position == len(text):
            raise DotenvError("export names nothing", line)
    for index in range(position, len(text)):
        character = text[index]
        if character in "=:\n":
            name = text[position:index].rstrip()
            if " " in name:
                raise DotenvError("a name holds a space, or the line is none that sets a variable", line)
            after = index + 1
            while after < len(text) and text[after] in _INLINE_SPACE:
                after += 1
            return name, after, character == "\n"
        if not (character in "_.-[]" or character in _INLINE_SPACE or character.isalnum()):
            raise DotenvError("a name holds a character that none may have", line)
    # A last line without an equals sign and without a line end is a value without a name. It sets nothing here.
    if is_project:
        raise DotenvError(f"{_NAMELESS}, or end the last line", line)
    return "", len(text), True


def _value(text: str, position: int, line: int) -> tuple[str, str, int, int]:
    """A value as written, its quote, the index after it, and how many lines it takes."""
    quote = text[position : position + 1]
    if quote not in {"'", '"'}:
        stop = text.find("\n", position)
        stop = stop if stop >= 0 else len(text)
        return text[position:stop].split(" #", 1)[0].rstrip(), "", min(stop + 1, len(text)), 1
    characters: list[str] = []
    escaped = False
    for index in range(position + 1, len(text)):
        character = text[index]
        if character == quote and not escaped:
            return "".join(characters), quote, index + 1, text.count("\n", position, index)
        if character == quote:
            escaped = False
            characters.append(character)
        elif character == "\\" and not escaped:
            escaped = True
        else:
            if escaped:
                characters.append("\\")
            escaped = False
            characters.append(character)
    raise DotenvError("a quote is not closed", line)


def _unescape(text: str) -> str:
    if "\\" not in text:
        return text
    return re.sub(r"\\([abcfnrtv$\"\\]|0\d{0,3})", _escape, text)


def _escape(match: re.Match[str]) -> str:
    code = match[1]
    if code == "$":
        return "$$"
    if code[0] == "0":
        digits = code[1:]
        is_octal = (
            len(digits) == 3 and all(digit in "01234567" for digit in digits) and int(digits, 8) <= _MAX_CODE
        )
        return chr(int(digits, 8)) if is_octal else match[0]
    return _ESCAPES.get(code, match[0])
