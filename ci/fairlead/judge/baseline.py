"""The baseline: findings that were there when a repository adopted the validator. Only new ones fail.

A finding is known again by its rule, its file, its path in the model and what is written there, not by its line: it
survives moved lines, services and clones, and is new again when something else is written.

What is *written* counts, never what a variable makes of it, and nothing where a secret may stand: fingerprints go into
reports, and a short value could be guessed from one. Each baseline has a salt of its own.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from fairlead.errors import InputError
from fairlead.quick.records import dataclass
from fairlead.sources import SourceRefusedError, read_source, repository_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from fairlead.composefile.loader import Model
    from fairlead.findings import Finding
    from fairlead.yaml_nodes import Node

SCHEMA = "fairlead.baseline/v2"
FILE_NAME = "fairlead-baseline.json"
_MAX_BYTES = 16 * 1024 * 1024
_NUMBERED = re.compile(r"\b(line|column) \d+")
_MAYBE_SECRET = frozenset(
    (
        "environment",
        "env_file",
        "args",
        "labels",
        "command",
        "entrypoint",
        "content",
        "test",
        "driver_opts",
        "options",
    )
)
"""Keys below which a value may be a secret."""
_SECRET_RULES = frozenset(("secret-in-environment", "literal-secret", "default-password", "leaked-key"))


@dataclass(frozen=True, order=True)
class Entry:
    """A known finding: its fingerprint, and for whoever reads the file, what it is."""

    file: str
    rule: str
    path: str
    fingerprint: str
    what: str


@dataclass(frozen=True)
class Baseline:
    """The known findings; ``path`` is the file that they stand in, whose folder their files are told from."""

    path: Path
    entries: tuple[Entry, ...] = ()
    salt: str = ""


def fingerprint(finding: Finding, models: Sequence[Model], root: Path, salt: str = "") -> str:
    """What stays the same of a finding when lines move: 32 hexadecimal digits.

    Args:
        finding: with its path in the model; without one, its words count.
        models: where what is written at the path is looked up: in the first that has it.
        root: the folder that the file is told from.
        salt: of the baseline that it stands in.
    """
    import hashlib
    import json

    told = [salt, finding.rule, _file_of(finding, root)]
    if finding.path:
        steps = ["*" if isinstance(step, int) else str(step) for step in finding.path]
        told += [json.dumps(steps), _written_of(finding, models)]
    else:
        # Where the clone lies is no part of what is wrong.
        told.append(_NUMBERED.sub(r"\1", finding.what).replace(f"{root}{os.sep}", ""))
    return hashlib.sha256("\0".join(told).encode("utf-8", "surrogatepass")).hexdigest()[:32]


def load_baseline(path: Path) -> Baseline:
    """Read a baseline.

    Raises:
        InputError: it is not there, or is none.
    """
    import json

    try:
        home = repository_of(str(path.absolute().parent))
        document = json.loads(read_source(str(path), [home], _MAX_BYTES))
        entries = tuple(
            Entry(*(str(entry[key]) for key in ("file", "rule", "path", "fingerprint", "what")))
            for entry in document["findings"]
        )
        known = document["schema"] == SCHEMA
        salt = str(document.get("salt", ""))
    except (OSError, ValueError, KeyError, TypeError, RecursionError, SourceRefusedError) as error:
        raise InputError(
            f"{path} can't be read as a baseline",
            why=str(error),
            fix="`fairlead validate --write-baseline` writes one",
        ) from error
    if not known:
        raise InputError(
            f"{path} is no {SCHEMA} document", fix="`fairlead validate --write-baseline` writes one"
        )
    return Baseline(path, entries, salt)


def apply_baseline(
    findings: Sequence[Finding],
    baseline: Baseline,
    models: Sequence[Model],
    *,
    except_rules: frozenset[str] = frozenset(),
) -> tuple[list[Finding], tuple[Finding, ...], tuple[str, ...]]:
    """Take out what is known.

    Returns: the new findings, the known ones, and a line for each entry that nobody finds any more.
    """
    root = baseline.path.absolute().parent
    left = Counter(entry.fingerprint for entry in baseline.entries)
    new: list[Finding] = []
    known: list[Finding] = []
    for finding in findings:
        mark = "" if finding.rule in except_rules else fingerprint(finding, models, root, baseline.salt)
        if left[mark] > 0:
            left[mark] -= 1
            known.append(finding)
        else:
            new.append(finding)
    return new, tuple(known), tuple(_stale(baseline, left))


def write_baseline(
    path: Path, findings: Iterable[Finding], models: Sequence[Model], *, except_rules: frozenset[str]
) -> Baseline:
    """Write a baseline of these findings, whole or not at all, and return it."""
    import json

    from fairlead import files

    place = files.settled(path)
    root = path.absolute().parent
    salt = _salt_of(path)
    entries = sorted(
        Entry(
            _file_of(finding, root),
            finding.rule,
            dotted(finding.path),
            fingerprint(finding, models, root, salt),
            finding.what,
        )
        for finding in findings
        if finding.rule not in except_rules
    )
    rows: list[Mapping[str, str]] = [
        {
            "rule": entry.rule,
            "file": entry.file,
            "path": entry.path,
            "what": entry.what,
            "fingerprint": entry.fingerprint,
        }
        for entry in entries
    ]
    text = json.dumps({"schema": SCHEMA, "salt": salt, "findings": rows}, indent=2, ensure_ascii=False) + "\n"
    files.write(place, text.encode("utf-8", "replace"))
    return Baseline(path, tuple(entries), salt)


def _salt_of(path: Path) -> str:
    """The salt of the baseline that is there, so that a finding keeps its line; else a new one."""
    try:
        return load_baseline(path).salt or os.urandom(16).hex()
    except InputError:
        return os.urandom(16).hex()


def dotted(path: Sequence[str | int]) -> str:
    """A path as a reader writes it: ``services.web.ports[0]``."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return text.removeprefix(".")


def _stale(baseline: Baseline, left: Counter[str]) -> Iterable[str]:
    for entry in reversed(baseline.entries):
        if left[entry.fingerprint] > 0:
            left[entry.fingerprint] -= 1
            place = f"{entry.file}: {entry.path}" if entry.path else entry.file
            yield (
                f"{place}: {entry.rule} is in the baseline and is not found any more:"
                " `fairlead validate --write-baseline` drops it"
            )


def _file_of(finding: Finding, root: Path) -> str:
    if finding.location is None:
        return ""
    return os.path.relpath(finding.location.path, root).replace(os.sep, "/")


def _written_of(finding: Finding, models: Sequence[Model]) -> str:
    """What is written where the finding is: the scalar, or the item of a list; of a mapping nothing.

    A service without a health check is the same finding whatever else the service says.
    """
    import json

    if finding.rule in _SECRET_RULES or not _MAYBE_SECRET.isdisjoint(map(str, finding.path)):
        return ""
    indexes = [number for number, step in enumerate(finding.path) if isinstance(step, int)]
    path = finding.path[: indexes[0] + 1] if indexes else finding.path
    for model in models:
        node = model.node(path)
        if node is not None:
            whole = bool(indexes) or not node.entries
            return json.dumps(_text_of(node)) if whole else ""
    return ""


def _text_of(node: Node) -> Any:
    """A value as it is written, with its variables, and without what may be a secret."""
    if not node.entries:
        return node.text
    return [
        [str(key), _text_of(entry.node)]
        for key, entry in node.entries.items()
        if str(key) not in _MAYBE_SECRET
    ]
