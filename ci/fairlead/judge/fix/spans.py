"""Where each value of a YAML text begins and ends: what a splice needs and a position alone does not tell."""

from __future__ import annotations

from fairlead.quick.yaml_events import event_parser

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_MOST_DEPTH = 64


class Span:
    """A value and the text that it takes: offsets in characters, ``end`` behind the last one of its content.

    Attributes:
        kind: map, list, scalar or alias.
        column: of its first character, from 0; of a block map that is the indentation of its keys.
        flow: written with brackets; of a scalar: quoted.
        block_text: a scalar that is written with ``|`` or ``>``.
        text: of a scalar as YAML reads it; of an alias the name of its anchor.
        entries: key and value of a map; of a list, values without a key.
    """

    __slots__ = (
        "anchor",
        "block_text",
        "column",
        "end",
        "entries",
        "flow",
        "kind",
        "line",
        "start",
        "tag",
        "text",
    )

    def __init__(self, kind: str, mark: Any, end: int) -> None:
        self.kind = kind
        self.start: int = mark.index
        self.line: int = mark.line
        self.column: int = mark.column
        self.end = end
        self.anchor = ""
        self.tag = ""
        self.text = ""
        self.flow = False
        self.block_text = False
        self.entries: list[tuple[Span | None, Span]] = []

    def get(self, step: str | int) -> Span | None:
        """The value of a key, or at an index; of a key that stands twice, the last."""
        if self.kind == "list":
            inside = isinstance(step, int) and 0 <= step < len(self.entries)
            return self.entries[int(step)][1] if inside else None
        return next(
            (value for key, value in reversed(self.entries) if key is not None and key.text == str(step)),
            None,
        )

    def key(self, step: str) -> Span | None:
        """The key of an entry."""
        return next((key for key, _ in self.entries if key is not None and key.text == step), None)


def read_spans(text: str) -> Span | None:
    """The root of the document; None for an empty one.

    Raises:
        ValueError: the text is not YAML, nested too deep, or several documents.
    """
    parser = event_parser()(text)
    import yaml.error

    try:
        return _read(parser, text)
    except yaml.error.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        if mark is not None and text[mark.index : mark.index + 2] == "\\'":
            # Compose reads it, so the file is judged.
            raise ValueError("there is a \\' in double quotes, which is no YAML: write ' alone") from error
        raise ValueError("the file is not YAML") from error
    finally:
        parser.dispose()


def _read(parser: Any, text: str) -> Span | None:
    stack: list[tuple[Span, list[Span]]] = []
    root: Span | None = None
    documents = 0
    for event in iter(parser.get_event, None):
        kind = type(event).__name__
        if kind in {"MappingStartEvent", "SequenceStartEvent"}:
            if len(stack) > _MOST_DEPTH:
                raise ValueError("the file is nested too deep")
            stack.append((_opened(event, kind), []))
            continue
        if kind in {"MappingEndEvent", "SequenceEndEvent"}:
            span, children = stack.pop()
            _close(span, children, event.end_mark.index)
        elif kind in {"ScalarEvent", "AliasEvent"}:
            span = _leaf(event, kind, text)
        else:
            documents += kind == "DocumentStartEvent"
            if documents > 1:
                raise ValueError("the file holds several documents")
            continue
        if stack:
            stack[-1][1].append(span)
        else:
            root = span
    return root


def _opened(event: Any, kind: str) -> Span:
    span = Span("map" if kind.startswith("Mapping") else "list", event.start_mark, event.end_mark.index)
    span.anchor, span.tag, span.flow = event.anchor or "", event.tag or "", bool(event.flow_style)
    return span


def _close(span: Span, children: list[Span], end: int) -> None:
    """A collection in flow style ends at its bracket, one in block style with its last child."""
    if span.flow:
        span.end = end
    elif children:
        span.end = children[-1].end
    if span.kind == "map":
        span.entries = list(zip(children[::2], children[1::2], strict=True))
        if not span.flow and children:
            # Where the map has an anchor or a tag, its own mark is that one's.
            span.column = children[0].column
    else:
        span.entries = [(None, child) for child in children]


def _leaf(event: Any, kind: str, text: str) -> Span:
    end = event.end_mark.index
    if kind == "AliasEvent":
        span = Span("alias", event.start_mark, end)
        span.text = event.anchor
        return span
    span = Span("scalar", event.start_mark, end)
    span.text, span.anchor, span.tag = event.value, event.anchor or "", event.tag or ""
    span.flow = event.style in {"'", '"'}
    span.block_text = event.style in {"|", ">"}
    if span.block_text:
        # The parser counts the empty lines behind it in.
        span.end = span.start + len(text[span.start : end].rstrip())
    return span
