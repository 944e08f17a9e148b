"""What is told where the pointer is: of a finding its rule, of a key what it means. Pure, but for the rules' pages."""

from __future__ import annotations

from collections.abc import Iterable

from lsprotocol.types import Hover, MarkupContent, MarkupKind

from fairlead.findings import Finding
from fairlead.judge.verdict import order_of
from fairlead.lsp.cursor import key_at
from fairlead.lsp.forms import compose_forms, describe, settings_forms, values_of
from fairlead.lsp.places import Text
from fairlead.lsp.telling import rule_text, span_of
from fairlead.positions import Document, ValuePath, parse_documents

_MOST_RULES = 3


def hover(text: Text, offset: int, findings: Iterable[Finding], *, is_settings: bool = False) -> Hover | None:
    """The key's meaning, then the rules of what was found in its line, the gravest first; None where nothing is known."""
    parts = []
    span = None
    found = _key(text, offset)
    if found is not None:
        path, document = found
        place = document.location(path, key=True)
        span = text.token_at(place.line, place.column)
        parts += [told] if (told := key_text(path, is_settings=is_settings)) else []
    line, behind = text.line_around(offset)
    here = [
        one for one in sorted(findings, key=order_of) if line <= span_of(one, text)[0] < max(behind, line + 1)
    ]
    rules = list(dict.fromkeys(one.rule for one in here if one.rule))
    for rule in rules[:_MOST_RULES]:
        parts += [told] if (told := rule_text(rule)) else []
    if len(rules) > _MOST_RULES:
        parts.append(f"and {', '.join(rules[_MOST_RULES:])}: `fairlead explain RULE` tells of each")
    if not parts:
        return None
    if span is None:
        span = span_of(here[0], text)
    return Hover(MarkupContent(MarkupKind.Markdown, "\n\n---\n\n".join(parts)), text.range_of(*span))


def key_text(path: ValuePath, *, is_settings: bool = False) -> str:
    """What the schemas say of a key, in Markdown; empty where they say nothing."""
    forms = settings_forms(path) if is_settings else compose_forms(path)
    told = describe(forms)
    values = values_of(forms, () if is_settings else path)
    if not told and not values:
        return ""
    choice = f"\n\nOne of {', '.join(f'`{value}`' for value in values)}." if values else ""
    return f"**{path[-1]}**: {told}{choice}" if told else f"**{path[-1]}**{choice}"


def _key(text: Text, offset: int) -> tuple[ValuePath, Document] | None:
    for document in parse_documents(text.text):
        path = key_at(document, text, offset)
        if path is not None:
            return path, document
    return None
