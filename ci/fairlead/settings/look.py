"""What the checks of fairlead.yaml share: its parts, whatever type they have, and what lies on the disk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fairlead.findings import Finding
from fairlead.nearest import did_you_mean
from fairlead.positions import Document, ValuePath, shown_path

_RULE = "settings"


def fault(document: Document, path: ValuePath, what: str, fix: str = "", *, key: bool = False) -> Finding:
    """What is wrong, at the place where it stands."""
    return Finding(what, document.location(path, key=key), fix, _RULE)


def part(document: Document, key: str) -> dict[str, Any]:
    """A section of the file; empty where it is something else."""
    value = document.value.get(key)
    return value if isinstance(value, dict) else {}


def neighbour(file: Path) -> str:
    """A file near the missing one that may have been meant."""
    if not is_folder(file.parent):
        return f"there is no folder {shown_path(file.parent)}"
    fix = did_you_mean(file.name, (entry.name for entry in file.parent.iterdir() if entry.is_file()))
    return fix if fix.startswith("did") else ""


def is_file(path: Path) -> bool:
    """Whether a file is there; a name that the system can't hold is none."""
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def is_folder(path: Path) -> bool:
    """Whether a folder is there."""
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def entries(mapping: Any, key: str) -> tuple[tuple[str, Any], ...]:
    """The entries of a mapping in a mapping; none where it is something else."""
    value = mapping.get(key) if isinstance(mapping, dict) else None
    return tuple(value.items()) if isinstance(value, dict) else ()


def items(mapping: Any, key: str) -> tuple[Any, ...]:
    """The items of a list in a mapping; none where it is something else."""
    value = mapping.get(key) if isinstance(mapping, dict) else None
    return tuple(value) if isinstance(value, list) else ()
