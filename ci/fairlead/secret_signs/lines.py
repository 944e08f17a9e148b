"""A line of a file as it may be shown: the value of a secret is not.

Such a line stands beside a finding of any rule, of a file that may be no YAML at all: it is looked at as text.
"""

from __future__ import annotations

from fairlead.secret_signs.addresses import is_closed, passwords_in
from fairlead.secret_signs.keys import find_keys
from fairlead.secret_signs.names import is_secret_name
from fairlead.secret_signs.words import secrets_in

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

HIDDEN = "***"
SECTIONS = frozenset(("secret", "secrets"))
"""Keys of Compose that are named so, below which names stand."""
_LEADING = " -\t"
_FLAG = "-"
_NAME = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-."
_LONGEST = 64 * 1024


class ShownLines:
    """The lines of a file; what belongs to what is found out once."""

    def __init__(self, lines: Sequence[str]) -> None:
        self._lines = lines
        self._hidden = frozenset(_values_of_secrets(lines))
        self._has_keys = next(find_keys("\n".join(lines)), None) is not None

    def __len__(self) -> int:
        return len(self._lines)

    def shown(self, index: int) -> str:
        """The line at an index without the values of secrets."""
        line = self._lines[index]
        if index in self._hidden:
            return f"{line[: len(line) - len(line.lstrip(_LEADING))]}{HIDDEN}"
        if len(line) > _LONGEST:
            # Nobody is shown so much, and a text may hide anywhere in it.
            return HIDDEN
        line = _without_named(line)
        if "-" in line or "=" in line:
            line = _without_words(line)
        for password in passwords_in(line):
            if is_closed(password) and password != HIDDEN:
                line = line.replace(password, HIDDEN)
        return without_keys(line) if self._has_keys else line


def without_keys(text: str) -> str:
    """A text without the keys that their form gives away."""
    for start, end, _ in sorted(find_keys(text), reverse=True):
        text = f"{text[:start]}{HIDDEN}{text[end:]}"
    return text


def _values_of_secrets(lines: Sequence[str]) -> Iterator[int]:
    """The lines that are the value, or a part of it, of what stands above them."""
    taker = -1
    is_next = False
    for index, line in enumerate(lines):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        own = len(line) - len(line.lstrip(" \t"))
        if taker >= 0 and own <= taker:
            taker = -1
        if is_next or taker >= 0:
            yield index
        elif ":" in text and _takes(text):
            taker = own
        is_next = (text.endswith(":") and _waits(text)) or (_FLAG in text and _last_takes(text))


def _waits(text: str) -> bool:
    """Whether the value of a secret begins on the next line, or goes on there."""
    return text.endswith(":") and is_secret(_name_before(text, len(text) - 1))


def _last_takes(text: str) -> bool:
    """Whether a text ends with a flag that takes a secret, an item of a list."""
    word = text.rsplit(maxsplit=1)[-1].strip("'\",[]")
    return word.startswith("-") and any(found == 1 for found, _, _ in secrets_in([word, "x"]))


def _takes(text: str) -> bool:
    """Whether the lines below a text, further to the right, are the value of a secret."""
    key = text.removeprefix("- ").partition(":")[0]
    return ":" in text and is_secret(key.strip(" '\""))


def _without_named(line: str) -> str:
    """Nothing after the first name of a secret: where its value ends, only YAML tells."""
    for at, letter in enumerate(line):
        if letter in ":=" and line[at + 1 :].strip(" '\"{[,}]") and is_secret(_name_before(line, at)):
            return f"{line[: at + 1]}{' ' if letter == ':' else ''}{HIDDEN}"
    return line


def is_secret(name: str) -> bool:
    """Whether a name is one of a secret, and none of Compose's own keys."""
    return bool(name) and name not in SECTIONS and is_secret_name(name)


def _name_before(line: str, at: int) -> str:
    head = line[max(0, at - 100) : at].rstrip(" '\"")
    return head[len(head.rstrip(_NAME)) :].lstrip("-.")


def _without_words(line: str) -> str:
    words = line.replace(",", " , ").split()
    plain = [word.strip("'\",[]{}") for word in words]
    kept = [(word, given) for word, given in zip(words, plain, strict=True) if given]
    for _, _, value in secrets_in([given for _, given in kept]):
        if value and is_closed(value) and value in line:
            return f"{line[: line.rindex(value)]}{HIDDEN}"
    return line
