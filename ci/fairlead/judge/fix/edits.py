"""A repair as one splice of the text, or the reason why there is none. Pure.

Comments, order, quotes and line ends of everything else stay as they are. What is used in more than one place
(an anchor, a merge, ``extends``) or is known only later (``${…}``) is left to a person.
"""

from __future__ import annotations

from collections.abc import Sequence

from fairlead.findings import Repair
from fairlead.quick.records import dataclass

TYPE_CHECKING = False
if TYPE_CHECKING:
    from fairlead.judge.fix.spans import Span


_NAMED = frozenset({"services", "networks", "volumes", "secrets", "configs"})
_NAMED_DEPTH = 2


@dataclass(frozen=True, order=True)
class Splice:
    """Replace the characters from ``start`` to ``end`` by ``text``."""

    start: int
    end: int
    text: str
    creates: tuple[int, str] = (-1, "")
    """A key that this makes in the map at that offset: another repair below it has to wait."""


class RefusedError(Exception):
    """The repair is not safe; the message says why."""


def plan_splice(text: str, root: Span, repair: Repair) -> Splice:
    """The splice for a repair.

    Raises:
        RefusedError: it is not safe.
    """
    _refuse_shared_service(root, repair.path)
    if root.flow:
        # JSON stays JSON.
        repair = Repair(repair.path, _as_json(repair.text))
    node, rest = _descend(root, repair.path)
    if len(repair.path) > 1 and repair.path[0] in _NAMED and len(repair.path) - len(rest) < _NAMED_DEPTH:
        raise RefusedError(f"{repair.path[1]} is not written in this file under that name")
    if repair.text is None:
        if rest:
            raise RefusedError("it is not there any more")
        return _removal(text, root, repair.path)
    if not rest:
        return _replacement(text, root, repair.path, repair.text)
    if node.kind == "scalar" and not node.text and not node.flow and not node.block_text:
        # `key:` with nothing behind it.
        value = _nested_flow(rest, repair.text, quoted=root.flow)
        return Splice(
            node.start, node.end, value if text[node.start - 1 : node.start] == " " else f" {value}"
        )
    if node.kind == "list" and len(rest) == 1 and rest[0] == len(node.entries):
        return _appended(text, node, repair.text)
    if node.kind != "map" or isinstance(rest[0], int):
        raise RefusedError("the file writes it in another form")
    return _added(text, root, node, rest, repair.text)


def _refuse_shared_service(root: Span, path: Sequence[str | int]) -> None:
    services = root.get("services")
    if len(path) < 2 or path[0] != "services" or services is None:
        return
    service = services.get(path[1])
    if service is not None and service.get("extends") is not None:
        raise RefusedError(f"{path[1]} extends another service: the change may belong there")
    for key, other in services.entries:
        extended = other.get("extends") if other.kind == "map" else None
        if extended is None or key is None:
            continue
        name = extended.get("service") if extended.kind == "map" else extended
        if name is not None and name.text == path[1]:
            raise RefusedError(f"{key.text} extends {path[1]}: the change would reach it as well")


def _descend(root: Span, path: Sequence[str | int]) -> tuple[Span, Sequence[str | int]]:
    """The deepest value there is on the way, and the steps that are missing below it."""
    node = root
    _refuse_shared(node)
    for number, step in enumerate(path):
        below = node.get(step)
        if below is None:
            if node.kind == "map" and any(key is not None and key.text == "<<" for key, _ in node.entries):
                _refuse_merged(root, node, step)
            return node, path[number:]
        node = below
        _refuse_shared(node)
    return node, ()


def _refuse_shared(node: Span) -> None:
    if node.kind == "alias":
        raise RefusedError(f"it is the alias *{node.text}: the anchor is used in several places")
    if node.anchor:
        raise RefusedError(f"it stands in the anchor &{node.anchor}, which is used in several places")
    if node.tag.startswith("!") and node.tag != "!":
        raise RefusedError(f"it carries the tag {node.tag}")


def _refuse_merged(root: Span, node: Span, step: str | int) -> None:
    """A key that comes through ``<<`` is not missing."""
    sources = [value for key, value in node.entries if key is not None and key.text == "<<"]
    waiting = [part for source in sources for part in _parts(source)]
    for part in waiting:
        target = _anchored(root, part) if part.kind == "alias" else part
        if target is None or target.get(step) is not None or target.get("<<") is not None:
            raise RefusedError(f"{step} comes through a merge (<<)")


def _parts(source: Span) -> list[Span]:
    return [value for _, value in source.entries] if source.kind == "list" else [source]


def _anchored(root: Span, alias: Span) -> Span | None:
    """What an alias stands for: of the anchors of its name before it, the last to begin."""
    found = None
    stack = [root]
    while stack:
        node = stack.pop()
        if node is alias:
            break
        if node.anchor == alias.text:
            found = node
        stack.extend(part for entry in reversed(node.entries) for part in reversed(entry) if part is not None)
    return found


def _replacement(text: str, root: Span, path: Sequence[str | int], value: str) -> Splice:
    node, _ = _descend(root, path)
    if "$" in text[node.start : node.end]:
        raise RefusedError("its value is made by an interpolation")
    if node.kind == "scalar" and not node.text and not node.flow and not node.block_text:
        return Splice(node.start, node.end, f" {value}")
    if node.kind == "scalar" or node.flow:
        return Splice(node.start, node.end, value)
    parent, _ = _descend(root, path[:-1])
    key = parent.key(str(path[-1])) if parent.kind == "map" else None
    if key is None:
        raise RefusedError("the file writes it in another form")
    start = text.index(":", key.end) + 1
    _refuse_comments(text, start, node)
    return Splice(start, node.end, f" {value}")


def _refuse_comments(text: str, start: int, node: Span) -> None:
    """What is replaced whole must not hold a comment: it would go."""
    inside = list(text[start : node.end])
    stack = [node]
    while stack:
        one = stack.pop()
        stack.extend(part for entry in one.entries for part in entry if part is not None)
        if one.kind == "scalar":
            inside[one.start - start : one.end - start] = " " * (one.end - one.start)
    if "#" in inside:
        raise RefusedError("there is a comment in it")


def _appended(text: str, node: Span, value: str) -> Splice:
    if node.flow:
        return _into_flow(text, node, value)
    if not node.entries:
        raise RefusedError("the file writes it in another form")
    return _line_below(text, node.end, f"{' ' * node.column}- {value}")


def _added(text: str, root: Span, node: Span, rest: Sequence[str | int], value: str) -> Splice:
    first = str(rest[0])
    if any(isinstance(step, int) for step in rest):
        raise RefusedError("the file writes it in another form")
    creates = (node.start, first)
    if node.flow:
        nested = _nested_flow(rest[1:], value, quoted=root.flow)
        splice = _into_flow(text, node, f"{_key(first, quoted=root.flow)}: {nested}")
        return Splice(splice.start, splice.end, splice.text, creates)
    lines = _nested_block([str(step) for step in rest], value, node.column, _indent_of(root))
    newline = _newline(text)
    if node is root:
        start = node.start
        return Splice(start, start, newline.join(lines) + newline, creates)
    splice = _line_below(text, node.end, newline.join(lines))
    return Splice(splice.start, splice.end, splice.text, creates)


def _into_flow(text: str, node: Span, entry: str) -> Splice:
    """Behind the last entry of a collection in brackets."""
    if not node.entries:
        return Splice(node.start + 1, node.start + 1, entry)
    last = node.entries[-1][1].end
    if "\n" in text[last : node.end] and "#" in text[last : node.end]:
        raise RefusedError("there is a comment in it")
    return Splice(last, last, f", {entry}")


def _line_below(text: str, offset: int, line: str) -> Splice:
    """A line of its own below the one that ``offset`` stands in."""
    end = text.find("\n", offset)
    newline = _newline(text)
    if end < 0:
        return Splice(len(text), len(text), newline + line)
    return Splice(end + 1, end + 1, line + newline)


def _removal(text: str, root: Span, path: Sequence[str | int]) -> Splice:
    parent, _ = _descend(root, path[:-1])
    step = path[-1]
    key = parent.key(str(step)) if parent.kind == "map" else None
    value = parent.get(step)
    if value is None or (key is None and parent.kind == "map") or len(parent.entries) < 2 or parent.flow:
        raise RefusedError("taking it away would change more than it")
    start = text.rfind("\n", 0, (key or value).start) + 1
    lead = text[start : (key or value).start]
    if lead.strip() not in ({"-"} if parent.kind == "list" else {""}):
        raise RefusedError("it shares its line with something else")
    end = text.find("\n", max(value.end, (key or value).end))
    end = len(text) if end < 0 else end + 1
    if start == 0:
        # A file does not begin with the empty lines that followed what is gone.
        end += len(text[end:]) - len(text[end:].lstrip("\r\n"))
    return Splice(start, end, "")


def _nested_block(steps: Sequence[str], value: str, column: int, indent: int) -> list[str]:
    lines = [f"{' ' * (column + indent * number)}{_key(step)}:" for number, step in enumerate(steps)]
    lines[-1] += f" {value}"
    return lines


def _nested_flow(steps: Sequence[str | int], value: str, *, quoted: bool = False) -> str:
    for step in reversed(steps):
        value = f"[{value}]" if isinstance(step, int) else f"{{{_key(step, quoted=quoted)}: {value}}}"
    return value


def _as_json(value: str | None) -> str | None:
    """A value in YAML's flow style as JSON, which is YAML too."""
    import json

    from fairlead.positions import parse_yaml

    return None if value is None else json.dumps(parse_yaml(value).value, ensure_ascii=False)


def _key(step: str, *, quoted: bool = False) -> str:
    plain = step.replace("-", "").replace("_", "").replace(".", "").isalnum() and step[0].isalpha()
    return step if plain and not quoted else '"' + step.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _indent_of(root: Span) -> int:
    """How far the file indents: by the first map in block style below its root."""
    for _, value in root.entries:
        if value.kind == "map" and not value.flow and value.column > root.column:
            return value.column - root.column
    return 2


def _newline(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"
