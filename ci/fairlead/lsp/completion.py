"""What can be written at a place: keys and values of the schemas, and names that the files declare. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from lsprotocol.types import CompletionItem, CompletionItemKind, MarkupContent, MarkupKind, TextEdit

from fairlead.judge.policy.grades import GRADES
from fairlead.lsp.cursor import Cursor, cursors, readings
from fairlead.lsp.forms import compose_forms, keys_of, settings_forms, values_of
from fairlead.lsp.places import Text
from fairlead.positions import Document, ValuePath

_SERVICES = frozenset(("depends_on", "extends", "links", "volumes_from"))
_NAMED = frozenset(("networks", "volumes", "secrets", "configs", "models"))
_SHARED = frozenset(("network_mode", "ipc", "pid"))
_RULES = frozenset(("waive", "severity"))
"""Keys below which rules stand by name."""


@dataclass(frozen=True)
class _Proposal:
    word: str
    kind: CompletionItemKind
    text: str
    told: str = ""


def completions(
    text: Text, offset: int, *, names: Callable[[str], Iterable[str]], is_settings: bool = False
) -> list[CompletionItem]:
    """What may stand at an offset, each once.

    Args:
        text: of the file, as it is in the editor.
        offset: where the cursor is.
        names: what else is declared of a kind (``services``, ``volumes`` …), in other files of the app.
        is_settings: the file is fairlead.yaml, and no compose file.
    """
    documents = readings(text, offset)
    found: dict[str, CompletionItem] = {}
    for cursor in cursors(text, offset):
        proposals = [*_of_schema(cursor, documents, is_settings=is_settings)]
        if not is_settings:
            proposals += _of_names(cursor, documents, names)
        for one in proposals:
            edit = TextEdit(text.range_of(cursor.start, offset), one.text)
            told = MarkupContent(MarkupKind.Markdown, one.told) if one.told else None
            found.setdefault(
                one.word, CompletionItem(one.word, kind=one.kind, text_edit=edit, documentation=told)
            )
    return list(found.values())


def _of_schema(cursor: Cursor, documents: Sequence[Document], *, is_settings: bool) -> Iterator[_Proposal]:
    forms = settings_forms(cursor.path) if is_settings else compose_forms(cursor.path)
    if not cursor.is_key:
        for value in values_of(forms, () if is_settings else cursor.path):
            yield _Proposal(value, CompletionItemKind.EnumMember, value)
        return
    keys: Mapping[str, str] = keys_of(forms, ("",) if is_settings else cursor.path)
    if cursor.path[-1:] and cursor.path[-1] in _RULES:
        keys = {**keys, **dict.fromkeys(GRADES, "`fairlead explain` tells of it")}
    there = _keys_at(documents, cursor.path)
    for name, told in keys.items():
        if name not in there:
            yield _Proposal(name, CompletionItemKind.Property, f"{name}: ", told)


def _of_names(
    cursor: Cursor, documents: Sequence[Document], names: Callable[[str], Iterable[str]]
) -> Iterator[_Proposal]:
    path = cursor.path
    if len(path) < 3 or path[0] not in {"services", "jobs"}:
        return
    kind, before = _referred(path[2:], is_key=cursor.is_key)
    if not kind:
        return
    declared = {*_keys_at(documents, (kind,)), *names(kind)} - {str(path[1]) if kind == "services" else ""}
    taken = (
        _taken(documents, path if cursor.is_key else path[:-1]) if len(path) > 3 or cursor.is_key else set()
    )
    for name in sorted(declared - taken):
        word = f"{before}{name}"
        yield _Proposal(
            word, CompletionItemKind.Reference, f"{word}: " if cursor.is_key else word, f"one of `{kind}`"
        )


def _referred(path: ValuePath, *, is_key: bool) -> tuple[str, str]:
    """What is referred to at a path of a service, and what stands before the name."""
    first, rest = path[0], path[1:]
    if first == "build" and rest[:1] in {("secrets",), ("ssh",)}:
        first, rest = rest[0], rest[1:]
    is_item = (len(rest) == 1 and isinstance(rest[0], int) and not is_key) or rest[1:] == ("source",)
    if first in _SERVICES:
        is_whole = (first == "depends_on" and is_key and not rest) or (
            first == "extends" and not is_key and not rest
        )
        return ("services", "") if is_item or is_whole or rest == ("service",) else ("", "")
    if first in _NAMED:
        is_mapping = first in {"networks", "models"} and is_key and not rest
        return (str(first), "") if is_item or is_mapping else ("", "")
    return ("services", "service:") if first in _SHARED and not rest and not is_key else ("", "")


def _keys_at(documents: Sequence[Document], path: ValuePath) -> set[str]:
    return {key for key, _ in _entries(documents, path) if isinstance(key, str)}


def _taken(documents: Sequence[Document], path: ValuePath) -> set[str]:
    """The keys of a mapping there, or the items of a list."""
    return {key if isinstance(key, str) else str(value) for key, value in _entries(documents, path)}


def _entries(documents: Sequence[Document], path: ValuePath) -> Iterator[tuple[str | int, object]]:
    for document in documents:
        node = document.node(path)
        if node is not None:
            yield from ((key, entry.node.value) for key, entry in node.entries.items())
