"""The baseline: findings that were there when a repository adopted the validator. Only new ones fail.

A finding is known again by its rule, its file and its path in the model, not by its line or by what is written there: it
survives moved lines, another clone, another machine with other values, a new version of an image, and a service that was
renamed. Nothing of a value stands in the file, so another value at a known place is known too, unless it is graver: one
of a graver rank than the one that was known is new.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from fairlead.errors import InputError
from fairlead.judge.policy.rule import rank_of, rank_of_rule
from fairlead.quick.records import dataclass
from fairlead.sources import SourceRefusedError, read_source, repository_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairlead.findings import Finding

SCHEMA = "fairlead.baseline/v3"
_WITHOUT_RANKS = "fairlead.baseline/v2"
"""Written before ranks were: what it knows is known whatever its rank."""
_ANY_RANK = 0
FILE_NAME = "fairlead-baseline.json"
_MAX_BYTES = 16 * 1024 * 1024
_NUMBERED = re.compile(r"\b(line|column) \d+")
_INDEX = re.compile(r"\[\d+\]")
_SERVICES = "services."


@dataclass(frozen=True, order=True)
class Entry:
    """A known finding: its fingerprint, and for whoever reads the file, what it is.

    ``rank`` is the gravest that it stands for: its rule's, unless another one was written, or 0 for any.
    """

    file: str
    rule: str
    path: str
    fingerprint: str
    what: str
    rank: int = _ANY_RANK


@dataclass(frozen=True)
class Baseline:
    """The known findings; ``path`` is the file that they stand in, whose folder their files are told from."""

    path: Path
    entries: tuple[Entry, ...] = ()
    salt: str = ""


def fingerprint(finding: Finding, root: Path, salt: str = "") -> str:
    """What stays the same of a finding when lines and values change: 32 hexadecimal digits.

    Args:
        finding: with its path in the model; without one, its words count.
        root: the folder that the file is told from.
        salt: of the baseline that it stands in.
    """
    import hashlib

    told = "\0".join((salt, *_key(_entry(finding, root))))
    return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _entry(finding: Finding, root: Path, salt: str | None = None) -> Entry:
    # Where the clone lies is no part of what is wrong.
    what = finding.what.replace(f"{root}{os.sep}", "")
    mark = "" if salt is None else fingerprint(finding, root, salt)
    return Entry(_file_of(finding, root), finding.rule, dotted(finding.path), mark, what, rank_of(finding))


def _key(entry: Entry) -> tuple[str, str, str]:
    """By what an entry is known again: of a list the list, and without a path the words but for their line numbers."""
    words = "\0" + _NUMBERED.sub(r"\1", entry.what)
    place = _INDEX.sub("[]", entry.path) if entry.path else words
    return entry.rule, entry.file, place


def load_baseline(path: Path) -> Baseline:
    """Read a baseline.

    Raises:
        InputError: it is not there, or is none.
    """
    import json

    try:
        home = repository_of(str(path.absolute().parent))
        document = json.loads(read_source(str(path), [home], _MAX_BYTES))
        known = document["schema"] in {SCHEMA, _WITHOUT_RANKS}
        has_ranks = document["schema"] == SCHEMA
        entries = tuple(_read_entry(entry, has_ranks=has_ranks) for entry in document["findings"])
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


def _read_entry(row: Mapping[str, object], *, has_ranks: bool) -> Entry:
    file, rule, path, mark, what = (str(row[key]) for key in ("file", "rule", "path", "fingerprint", "what"))
    own = row.get("rank")
    rank = own if isinstance(own, int) else rank_of_rule(rule)
    return Entry(file, rule, path, mark, what, rank if has_ranks else _ANY_RANK)


def apply_baseline(
    findings: Sequence[Finding],
    baseline: Baseline,
    services: Collection[str],
    *,
    except_rules: frozenset[str] = frozenset(),
    varying: Collection[Finding] = (),
) -> tuple[list[Finding], tuple[Finding, ...], tuple[str, ...]]:
    """Take out what is known.

    Args:
        findings: all that there are.
        baseline: what was known.
        services: those that the files have.
        except_rules: rules that no baseline silences.
        varying: findings whose rank is that of a variable's value here: another machine has another, so it does not count.

    Returns: the new findings, the known ones, and a line for each entry that nobody finds any more.
    """
    root = baseline.path.absolute().parent
    left: dict[tuple[str, str, str], list[Entry]] = {}
    for entry in baseline.entries:
        left.setdefault(_key(entry), []).append(entry)
    new: list[Finding] = []
    known: list[Finding] = []
    for finding in findings:
        entries = None if finding.rule in except_rules else left.get(_key(_entry(finding, root)))
        if _take(entries, finding, varying):
            known.append(finding)
        else:
            new.append(finding)
    names = _renamed(baseline.entries, services, new, root) if new else {}
    for finding in [one for one in new if one.rule not in except_rules] if names else ():
        rule, file, place = _key(_entry(finding, root))
        name = _service_of(place)
        entries = left.get((rule, file, _SERVICES + names[name] + _below(place))) if name in names else None
        if _take(entries, finding, varying):
            known.append(finding)
            new.remove(finding)
    return new, tuple(known), tuple(_stale(entry for entries in left.values() for entry in entries))


def _take(entries: list[Entry] | None, finding: Finding, varying: Collection[Finding]) -> bool:
    """Whether one of these entries stands for the finding, and is used up. The gravest findings are asked for first."""
    known = entries or []
    rank = rank_of(finding)
    entry = next((one for one in known if one.rank <= rank or finding in varying), None)
    if entry is not None:
        known.remove(entry)
    return entry is not None


def _renamed(
    entries: Sequence[Entry], services: Collection[str], new: Sequence[Finding], root: Path
) -> dict[str, str]:
    """The new names of services and what each was called: one that is gone, and of which half of what is found was known."""
    known: dict[str, Counter[tuple[str, str, str]]] = {}
    for entry in entries:
        _count(known, _key(entry))
    found: dict[str, Counter[tuple[str, str, str]]] = {}
    for finding in new:
        _count(found, _key(_entry(finding, root)))
    gone = [name for name in known if name not in services]
    names: dict[str, str] = {}
    for name in (name for name in found if name not in known):
        alike = {old: (found[name] & known[old]).total() for old in gone if old not in names.values()}
        best = max(alike, key=lambda old: alike[old], default="")
        if best and 2 * alike[best] >= found[name].total():
            names[name] = best
    return names


def _count(counts: dict[str, Counter[tuple[str, str, str]]], key: tuple[str, str, str]) -> None:
    name = _service_of(key[2])
    if name:
        counts.setdefault(name, Counter())[(key[0], key[1], _below(key[2]))] += 1


def _service_of(place: str) -> str:
    """The service in which a place is; empty for one elsewhere. Compose lets a name have full stops."""
    return place.removeprefix(_SERVICES).partition(".")[0] if place.startswith(_SERVICES) else ""


def _below(place: str) -> str:
    return place.removeprefix(_SERVICES + _service_of(place))


def write_baseline(
    path: Path, findings: Iterable[Finding], *, except_rules: frozenset[str] = frozenset()
) -> Baseline:
    """Write a baseline of these findings, whole or not at all, and return it."""
    import json

    from fairlead import files

    place = files.settled(path)
    root = path.absolute().parent
    salt = _salt_of(path)
    entries = sorted(_entry(finding, root, salt) for finding in findings if finding.rule not in except_rules)
    rows = [_row(entry) for entry in entries]
    text = json.dumps({"schema": SCHEMA, "salt": salt, "findings": rows}, indent=2, ensure_ascii=False) + "\n"
    files.write(place, text.encode("utf-8", "replace"))
    return Baseline(path, tuple(entries), salt)


def _row(entry: Entry) -> Mapping[str, str | int]:
    # What a rule's own rank is may change with an upgrade, which is to make nothing new that was known.
    own = {"rank": entry.rank} if entry.rank != rank_of_rule(entry.rule) else {}
    told = {"file": entry.file, "path": entry.path, "what": entry.what, "fingerprint": entry.fingerprint}
    return {"rule": entry.rule, **own, **told}


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


def _stale(entries: Iterable[Entry]) -> Iterator[str]:
    for entry in sorted(entries):
        place = f"{entry.file}: {entry.path}" if entry.path else entry.file
        yield (
            f"{place}: {entry.rule} is in the baseline and is not found any more:"
            " `fairlead validate --write-baseline` drops it"
        )


def _file_of(finding: Finding, root: Path) -> str:
    if finding.location is None:
        return ""
    return os.path.relpath(finding.location.path, root).replace(os.sep, "/")
