"""The variables of a Dockerfile: what ARG and ENV say, with the arguments of the build, put in where they are named.

Grammar: https://docs.docker.com/reference/dockerfile/#environment-replacement
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache

_MAX_LENGTH = 4096
"""What is longer is nobody's port, user or path; and each variable may name others twice."""


@cache
def _patterns() -> tuple[re.Pattern[str], ...]:
    return (
        # From the start of a word, and nothing is given back: what is no assignment is passed over once.
        re.compile(
            r"""(?<!\S)([A-Za-z_]\w*+)(?:=("(?:[^"\\]|\\.)*+"|'[^']*+'|(?:[^\s\\]|\\.)*+))?(?=\s|\Z)"""
        ),
        re.compile(r"([A-Za-z_]\w*)\s+([^\s=].*)\Z", re.DOTALL),
        re.compile(r"\\\$|\$(?:(\w+)|\{(\w+)(?::([-+])([^{}]*))?\})"),
    )


class Variables:
    """What the names mean in a stage: ENV before ARG, and of ARG what the build is given before what it says itself."""

    def __init__(
        self, given: Mapping[str, str], common: Variables | None = None, start: Variables | None = None
    ) -> None:
        """Begin a stage.

        Args:
            given: the arguments of the build; they count where an ARG takes them.
            common: those from before the first stage; an ARG without a value takes them.
            start: those of the stage that this one is built on.
        """
        self._given = given
        self._common = common.arguments if common else {}
        self.arguments: dict[str, str] = dict(start.arguments) if start else {}
        self.environment: dict[str, str] = dict(start.environment) if start else {}

    def take(self, instruction: str, value: str) -> None:
        """Take what an ARG or ENV says."""
        if instruction == "ENV":
            # All of one ENV see what was there before it.
            self.environment |= {name: self._meaning(word or "") for name, word in _assignments(value)}
            return
        for name, word in _pairs(value):
            if name in self._given:
                self.arguments[name] = self._given[name]
            elif word is not None:
                self.arguments[name] = self._meaning(word)
            elif name in self._common:
                self.arguments[name] = self._common[name]

    def put_in(self, text: str) -> str:
        """A text with its variables put in; what nobody here says (the base image may) stays as it is written."""
        if "$" not in text or len(text) > _MAX_LENGTH:
            return text
        found = _patterns()[2].sub(self._found, text)
        return found if len(found) <= _MAX_LENGTH else text

    def _meaning(self, word: str) -> str:
        if word.startswith("'"):
            return word[1:-1]
        return self.put_in(word[1:-1] if word.startswith('"') else word)

    def _found(self, match: re.Match[str]) -> str:
        name, how, other = match[1] or match[2], match[3], match[4]
        if not name:
            return match[0]
        value = self.environment.get(name, self.arguments.get(name, ""))
        if how == "+":
            return other if value else match[0]
        return value or (other if how else match[0])


def _assignments(value: str) -> Iterator[tuple[str, str | None]]:
    """Of ENV: ``NAME=value …``, or one name and all that stands behind it."""
    match = _patterns()[1].match(value)
    return iter([(match[1], match[2].rstrip())]) if match else _pairs(value)


def _pairs(value: str) -> Iterator[tuple[str, str | None]]:
    for match in _patterns()[0].finditer(value):
        yield match[1], match[2]
