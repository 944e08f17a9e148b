"""Keys that can be used by whoever reads them, wherever in a file they stand."""

from __future__ import annotations

from fairlead.judge.policy.fault import Fault
from fairlead.judge.policy.rule import app_rule
from fairlead.secret_signs.keys import find_keys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from fairlead.judge.policy.subject import Subject
    from fairlead.positions import Document, ValuePath

_FOR_ALL = ("PUBLIC", "PUBLISHABLE", "ANON", "VITE_")
"""In the name of what every visitor's browser gets."""


@app_rule("leaked-key")
def leaked_key(subject: Subject) -> Iterator[Fault]:
    """A value that its issuer's form gives away as a key."""
    for document in subject.model.documents:
        # Most files have none: one look at all texts, before it is asked which.
        if next(find_keys("\n".join(_texts(document))), None) is None:
            continue
        for path, text in _places(document):
            kinds = dict.fromkeys(what for _, _, what in find_keys(text))
            for what in kinds if not _is_for_all(path, text) else ():
                service = f"{path[1]}: " if path[0] == "services" and len(path) > 1 else ""
                yield Fault(
                    path,
                    f"{service}{what} stands in this file: whoever reads the repository can use it",
                    "revoke it where it was made, since Git keeps it; give the new one as a file below /run/secrets",
                    location=document.location(path),
                )


def _texts(document: Document) -> Iterator[str]:
    """Every scalar of a document."""
    stack = [document.root] if document.root is not None else []
    while stack:
        for entry in stack.pop().entries.values():
            if entry.node.entries:
                stack.append(entry.node)
            elif len(entry.node.text) > 16:
                yield entry.node.text


def _places(document: Document) -> Iterator[tuple[ValuePath, str]]:
    """Every scalar with its path, one that several aliases share once."""
    seen: set[int] = set()
    for path, node in document.walk():
        if path and node.text and id(node) not in seen:
            seen.add(id(node))
            yield path, node.text


def _is_for_all(path: ValuePath, text: str) -> bool:
    last = path[-1]
    name = (last if isinstance(last, str) else text.partition("=")[0]).upper()
    return any(word in name for word in _FOR_ALL)
