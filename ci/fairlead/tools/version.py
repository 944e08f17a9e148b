"""Versions of tools: numbers in order, so that they compare."""

from __future__ import annotations

import re
from typing import TypeAlias

Version: TypeAlias = tuple[int, ...]
"""Three numbers; what a tool leaves out counts as 0."""

_NUMBERS = re.compile(r"(\d+)\.(\d+)(?:\.(\d+))?")


def parse_version(text: str) -> Version | None:
    """The first version in what a tool printed, or None: ``Docker version 26.1.5+dfsg1`` is (26, 1, 5)."""
    found = _NUMBERS.search(text)
    return tuple(int(number or 0) for number in found.groups()) if found else None


def render_version(version: Version) -> str:
    """As people write it: ``26.1.5``."""
    return ".".join(str(number) for number in version)
