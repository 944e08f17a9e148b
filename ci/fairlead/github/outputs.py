"""The outputs of a step: what a job hands to the next one."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Mapping
from pathlib import Path

from fairlead import files
from fairlead.host.wire.visible import escaped

DOCUMENT = "document"
# A job's outputs may have 1 MB together, counted by UTF-16.
# https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax#jobsjob_idoutputs
_LARGEST = 250_000


def outputs_of(document: Mapping[str, object]) -> dict[str, str]:
    """The outputs that a document gives: each scalar field under its name, and all of it as ``document``.

    ``image_tag`` becomes ``image-tag``: one name everywhere.
    """
    scalars = {
        output_name(field): _text(value)
        for field, value in document.items()
        if isinstance(value, (str, int, float)) and field != "schema"
    }
    text = json.dumps(document, separators=(",", ":"), ensure_ascii=False)
    # Who takes the document up again, as `publish` does that of `build`, refuses half a character.
    return {**scalars, DOCUMENT: files.encoded(text).decode()}


def output_name(field: str) -> str:
    """The output's name of a field: lower case, words joined by ``-``."""
    return re.sub(r"[^a-z0-9]+", "-", field.lower()).strip("-")


def render_output(name: str, value: str, delimiter: str) -> str:
    """One output as GITHUB_OUTPUT takes it; ``delimiter`` must not stand in the value."""
    return f"{name}<<{delimiter}\n{escaped(value)}\n{delimiter}\n"


def append_outputs(path: Path, outputs: Mapping[str, str], folder: Path | None = None) -> None:
    """Append to the file GITHUB_OUTPUT.

    The delimiter is random, so that no value (a commit message, a log line) can end its own output
    and begin another one. A job whose outputs are too large ends with none: a large ``document`` is written to a file
    instead, which ``document-file`` names.

    Args:
        path: the file.
        outputs: name and value of each.
        folder: where a large document may lie until the job ends (RUNNER_TEMP); without it, beside ``path``.
    """
    if len(outputs.get(DOCUMENT, "")) > _LARGEST:
        file = (folder or path.parent) / f"fairlead-document-{secrets.token_hex(8)}.json"
        files.append(file, outputs[DOCUMENT])
        outputs = {**outputs, DOCUMENT: "", f"{DOCUMENT}-file": str(file)}
    rendered = (render_output(*output, f"fairlead_{secrets.token_hex(16)}") for output in outputs.items())
    files.append(path, "".join(rendered))


def _text(value: str | float | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
