"""Public compose files, kept as they were found. ``origins.json`` says where each comes from, and its licence.

They lie as in their project, with the files that they include, extend or read variables from.
Set ``FAIRLEAD_CORPUS`` to a folder to run the same tests over another one: every file there whose name holds
"compose" is taken.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fairlead.composefile.loader import Model, load_model
from fairlead.findings import Finding
from fairlead.positions import load_documents

FOLDER = Path(__file__).parent
FILES = FOLDER / "files"
ORIGINS = FOLDER / "origins.json"
ELSEWHERE = "FAIRLEAD_CORPUS"
PROJECT = "corpus"


@dataclass(frozen=True)
class Origin:
    """Where a file of the corpus comes from: a Go module, its version, and the path in it."""

    file: str
    module: str
    version: str
    path: str
    licence: str


def load_origins() -> tuple[Origin, ...]:
    """The facts of origin of every file that is kept here."""
    told = json.loads(ORIGINS.read_text(encoding="utf-8"))
    return tuple(Origin(**one) for one in told["files"])


def corpus_files() -> list[Path]:
    """The compose files to test with, in a fixed order."""
    elsewhere = os.environ.get(ELSEWHERE)
    if elsewhere:
        found = (path for ending in ("yml", "yaml") for path in Path(elsewhere).rglob(f"*.{ending}"))
        return sorted(path for path in found if "compose" in path.name.lower())
    return [FILES / origin.file for origin in load_origins()]


def mutable_values(files: list[Path], most: int = 20_000) -> list[dict[str, Any]]:
    """The values of those files that hold one good document, for mutations; big ones are left out."""
    values = []
    for path in files:
        if path.stat().st_size > most:
            continue
        documents = load_documents(path)
        value = documents[0].value
        if len(documents) == 1 and not documents[0].faults and isinstance(value, dict):
            values.append(value)
    return values


def look_at(*paths: Path, variables: dict[str, str] | None = None) -> tuple[Model, tuple[Finding, ...]]:
    """The model of files, later ones over earlier, and what is wrong to Compose: loading, schema and consistency."""
    from fairlead.composefile.consistency import model_findings
    from fairlead.composefile.schema import schema_findings

    model = load_model(paths, variables=variables or {}, name=PROJECT)
    return model, (*model.faults, *schema_findings(model), *model_findings(model))
