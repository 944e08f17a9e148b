"""A command line in one text, split into words as Compose splits it. Pure. Source: go-shellwords."""

from __future__ import annotations

_SPACES = frozenset(" \t\r\n")
_ENDS = frozenset(";&|<>")
_SPECIAL = frozenset("\\\"'`();&|<>")
MAX_LENGTH = 128 * 1024
"""Longest command that is split, in characters: Linux starts no program with a longer argument."""

_AS_SPACES = str.maketrans("\t\r\n", "   ")


def split_words(text: str) -> list[str] | None:
    """The words of a command; what follows ``;``, ``&``, ``|``, ``<`` or ``>`` is dropped. None if it can't be split."""
    if not _SPECIAL.intersection(text):
        return [word for word in text.translate(_AS_SPACES).split(" ") if word]
    if len(text) > MAX_LENGTH:
        return None
    splitter = _Splitter()
    for character in text:
        if not splitter.take(character):
            break
    return splitter.finish()


class _Splitter:
    """Takes a command's characters one by one."""

    def __init__(self) -> None:
        self.words: list[str] = []
        self.word = ""
        self.has_word = self.escaped = self.is_bad = False
        self.quotes: set[str] = set()

    def take(self, character: str) -> bool:
        """Take a character; False where the command ends."""
        if self.escaped:
            self.escaped = False
            self._add(character)
        elif character == "\\":
            if "'" in self.quotes:
                self.word += character
            else:
                self.escaped = True
        elif character in _SPACES:
            self._space(character)
        elif character in "\"'":
            self._quote(character)
        elif character in "`()":
            self._bracket(character)
        elif character in _ENDS and not self.quotes:
            # `2>file`: the number belongs to what is dropped.
            self.has_word = self.has_word and not (character == ">" and self.word[:1].isdigit())
            return False
        else:
            self._add(character)
        return not self.is_bad

    def finish(self) -> list[str] | None:
        if self.has_word:
            self.words.append(self.word)
        return None if self.is_bad or self.escaped or self.quotes else self.words

    def _add(self, character: str) -> None:
        self.word += character
        self.has_word = True

    def _space(self, character: str) -> None:
        if self.quotes:
            self.word += character
        elif self.has_word:
            self.words.append(self.word)
            self.word, self.has_word = "", False

    def _quote(self, character: str) -> None:
        other = "'" if character == '"' else '"'
        if other in self.quotes or "(" in self.quotes:
            self._add(character)
            return
        self.has_word = self.has_word or character in self.quotes
        self.quotes ^= {character}

    def _bracket(self, character: str) -> None:
        is_plain = not self.quotes & {"'", '"'}
        if character == "`" and is_plain and "(" not in self.quotes:
            self.quotes ^= {"`"}
        elif character == ")" and is_plain and "`" not in self.quotes:
            self.quotes ^= {"("}
        elif character == "(" and is_plain and "`" not in self.quotes:
            self.is_bad = "(" in self.quotes or not self.word.endswith("$")
            self.quotes |= {"("}
        self._add(character)
