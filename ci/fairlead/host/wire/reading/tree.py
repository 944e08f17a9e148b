"""Read what a config file or folder of a release is made of."""

from __future__ import annotations

from collections.abc import Mapping

from ..fields import Faults, Fields
from ..names import DIGEST
from ..release import FileTree
from .patterns import MODE


def parse_tree(raw: object) -> FileTree:
    """Check the entry of a config file or folder.

    Raises:
        InputFault: it does not hold.
    """
    faults = Faults()
    tree = read_tree(Fields(raw if isinstance(raw, Mapping) else {}, "files", faults))
    faults.raise_if_any("a config file of the release does not hold", "report it")
    return tree


def read_tree(fields: Fields) -> FileTree:
    """The entry of a config file or folder; what does not hold is noted."""
    if fields.choice("kind", ("file", "dir")) == "file":
        return FileTree(
            False, {"": (fields.name("sha256", DIGEST), int(fields.name("mode", MODE) or "644", 8))}
        )
    entries: dict[str, tuple[str, int]] = {}
    for path, entry in fields.table("entries", None, limit=10_000):
        if not is_inside(path):
            fields.fault("entries", f"has the path {path[:100]!r}, which leaves the folder")
        entries[path] = (entry.name("sha256", DIGEST), int(entry.name("mode", MODE) or "644", 8))
    return FileTree(True, entries)


def is_inside(path: str) -> bool:
    """Whether a relative path stays below where it starts, by its text alone."""
    parts = path.split("/")
    return (
        0 < len(path) <= 1000
        and path.isprintable()
        and "\\" not in path
        and all(part not in ("", ".", "..") and len(part) <= 200 for part in parts)
    )
