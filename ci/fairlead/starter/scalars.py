"""Texts of others in a YAML file that is written line by line. Pure."""

from __future__ import annotations

import json
import re

# A dot in front is part of a path only: YAML reads `.5` and `.inf` as numbers.
_PLAIN = re.compile(r"\.|(?:\./|[A-Za-z_/])[A-Za-z0-9_./-]*")
_WORDS_OF_YAML = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})


def scalar(text: str) -> str:
    """A string as YAML, in quotes where it could be read as something else."""
    is_plain = _PLAIN.fullmatch(text) and text.lower() not in _WORDS_OF_YAML
    return text if is_plain else quoted(text)


def quoted(text: str) -> str:
    """A string as YAML in double quotes, which is read back as it is.

    JSON's escapes are YAML's, but for those of letters outside of the first plane: two halves, which YAML takes for two
    letters. What does not print stands as its number: YAML takes some of it for the end of the line, and refuses some.
    """
    return "".join(
        letter if letter.isprintable() else f"\\U{ord(letter):08X}"
        for letter in json.dumps(text, ensure_ascii=False)
    )


def comment(text: str) -> str:
    """A text as it may stand in a comment: on its line, whatever it has in it."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)
