"""How other apps of a host are named in texts, and who may read those names.

Whatever names an app that is not the asker's names it by ``named``, between ``«`` and ``»``. Such a text may be kept, in
a journal or in a task's events, and be read by another key than the one that asked. So the names are taken out where
the door tells them, by what that very key may hear of: there, and nowhere else.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from .place import NETWORK

_NAMED = re.compile(r"(?:the app )?«([^«»:]*)(: [^«»]*)?»")
_QUOTES = re.compile("[«»]")
_MANY = re.compile(r"another app(?:, another app)+")
_MEETING = re.compile(rf"{NETWORK}-([A-Za-z0-9*._-]+)")
_OF_APP = re.compile(r"(.+)-[0-9a-f]{8}")
"""What follows in the name of the network of an app; a number alone is the edge's own container."""
_OURS = ("agents",)
_SHARED = ("edge", "removed.journals", "removed.jsonl")
"""What lies beside the folders of the apps: nothing of theirs, and things of several."""


def named(app: str, what: str = "") -> str:
    """An app other than the asker's, or something of its: a container, a hostname."""
    return f"«{app}: {_QUOTES.sub('', what)}»" if what else f"«{app}»"


def named_all(apps: Iterable[str]) -> str:
    """Several of them."""
    return ", ".join(named(app) for app in apps)


class Discretion:
    """Takes out of what one key is told the apps that it may not hear of: their names, and their paths.

    Args:
        root: ``/srv/fairlead``, in which every app has its folder.
        sees: whether the key may hear of an app.
    """

    def __init__(self, root: Path, sees: Callable[[str], bool]) -> None:
        self._sees = sees
        roots = "|".join(re.escape(one) for one in sorted({str(root), os.path.realpath(root)}, key=len))
        self._path = re.compile(rf"({roots})/+([A-Za-z0-9*._-]+)((?:/[^\s'\"`,;:)\]]*)?)")

    def document(self, value: Any) -> Any:
        """A JSON value without them."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            return {self.text(str(key)): self.document(one) for key, one in value.items()}
        return [self.document(one) for one in value] if isinstance(value, (list, tuple)) else value

    def text(self, text: str) -> str:
        """A text without them."""
        if "«" in text:
            text = _MANY.sub("other apps", _NAMED.sub(self._name, text))
        return _MEETING.sub(self._network, self._path.sub(self._place, text))

    def _name(self, found: re.Match[str]) -> str:
        if self._sees(found[1]):
            return found[0]
        return "not told" if found[2] else "another app"

    def _place(self, found: re.Match[str]) -> str:
        root, first, rest = found[1], found[2], found[3]
        if first in _OURS or (first not in _SHARED and self._sees(first)):
            return found[0]
        if first in _SHARED:
            return f"{root}/{first}{'/…' if rest else ''}"
        return f"{root}/…"

    def _network(self, found: re.Match[str]) -> str:
        """The engine says it where it refuses something."""
        app = _OF_APP.fullmatch(found[1].rstrip("."))
        if found[1].isdigit() or (app and self._sees(app[1])):
            return found[0]
        return f"{NETWORK}-…"
