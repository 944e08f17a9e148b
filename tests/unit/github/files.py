"""The composite actions and the workflows of this repository, parsed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[3]
ACTIONS = sorted((ROOT / ".github" / "actions").glob("*/action.yml"))
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
EVERY = [*ACTIONS, *WORKFLOWS]


def load(path: Path) -> dict[str, Any]:
    """The document of a file."""
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert isinstance(document, dict)
    return document


def workflow(name: str) -> dict[str, Any]:
    """The workflow of that name."""
    return load(ROOT / ".github" / "workflows" / f"{name}.yml")


def name_of(path: Path) -> str:
    """How a test tells the file."""
    return str(path.relative_to(ROOT / ".github"))


def steps_of(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Every step, of an action or of all jobs of a workflow."""
    yield from document.get("runs", {}).get("steps", ())
    for job in document.get("jobs", {}).values():
        yield from job.get("steps", ())
