"""Where a service has secrets in the open: in variables, build arguments, labels, commands, addresses.

What is written decides, never what a variable has on this machine.
"""

from __future__ import annotations

from fairlead.secret_signs.addresses import is_closed, passwords_in
from fairlead.secret_signs.keys import find_keys
from fairlead.secret_signs.names import is_secret_name
from fairlead.secret_signs.values import is_secret_value, unquoted
from fairlead.secret_signs.words import secrets_in
from fairlead.secret_signs.written import VARIABLE, is_known, is_value, reduced

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    from fairlead.judge.policy.subject import View
    from fairlead.positions import ValuePath
    from fairlead.yaml_nodes import Node

_COMMANDS = (("command",), ("entrypoint",), ("healthcheck", "test"))
_SHELLS = frozenset(("CMD-SHELL", "-c", "-ec", "-lc", "-euc", "-exc", "-cx"))
_NAMED_LIKE = ("USER", "USERNAME", "DB", "DATABASE", "LOGIN")
"""Ends of variables whose value is the first password that anybody tries."""


class Sign:
    """A secret in the open.

    Attributes:
        path: where it stands.
        kind: ``literal``, ``known`` (a literal that everybody knows), ``key`` (one by its form, which is found wherever
            it stands), ``variable`` or ``file`` (of variables).
        place: ``variable``, ``argument``, ``label``, ``flag`` or ``address``.
        name: of the variable, label or flag; of an address, what it stands in, empty for a command.
        key: whether only its name stands there.
        file: the file of variables that it comes from.
    """

    __slots__ = ("file", "key", "kind", "name", "path", "place")

    def __init__(
        self, path: ValuePath, kind: str, place: str, name: str, *, key: bool = False, file: str = ""
    ) -> None:
        self.path = path
        self.kind = kind
        self.place = place
        self.name = name
        self.key = key
        self.file = file


def signs_of(view: View) -> tuple[Sign, ...]:
    """Each secret of a service that is in the open: looked for once for all rules."""
    if view.signs is None:
        view.signs = tuple(_signs(view))
    return view.signs


def _signs(view: View) -> Iterator[Sign]:
    given = view.service.secret_environment if view.subject.deployed else {}
    known_names = _names(view)
    for place, steps in (
        ("variable", ("environment",)),
        ("argument", ("build", "args")),
        ("label", ("labels",)),
        ("label", ("deploy", "labels")),
    ):
        for name, value in view.mapping(*steps).items():
            if place != "variable" or name not in given:
                yield from _entry(view, view.at(*steps, name), place, str(name), value, known_names)
    for steps in _COMMANDS:
        if view.get(*steps) is not None:
            yield from _command(view, view.at(*steps), known_names)


def _names(view: View) -> frozenset[str]:
    """Names of users and databases that the service's variables give."""
    found = view.mapping("environment").items()
    return frozenset(str(value).lower() for name, value in found if value and name.endswith(_NAMED_LIKE))


def _entry(
    view: View, path: ValuePath, place: str, name: str, value: Any, names: frozenset[str]
) -> Iterator[Sign]:
    is_secret = is_secret_name(name)
    if not is_secret and (value.__class__ is not str or ("=" not in value and "://" not in value)):
        return
    node = view.subject.model.node(path)
    text = node.text if node is not None else ""
    if not text and value not in {None, ""} and node is not None:
        # It stands in a file of variables.
        if (is_secret and is_secret_value(name, str(value))) or any(map(is_closed, passwords_in(str(value)))):
            yield Sign(path, "file", place, name, file=node.path)
        return
    written = reduced(text.removeprefix(f"{name}=") if text != name else "")
    if not is_secret:
        found = tuple(_addresses(path, written, place, name, names))
        yield from found
        if not found and VARIABLE in written and any(map(is_closed, passwords_in(value))):
            yield Sign(path, "variable", "address", name)
    elif value is None:
        yield Sign(path, "variable", place, name, key=True)
    elif is_secret_value(name, written):
        yield Sign(path, _kind(written, names), place, name)


def _kind(written: str, names: frozenset[str]) -> str:
    written = unquoted(written)
    if VARIABLE in written:
        return "variable"
    if next(find_keys(written), None) is not None:
        return "key"
    return "known" if is_known(written) or written.lower() in names else "literal"


def _addresses(path: ValuePath, written: str, place: str, name: str, names: frozenset[str]) -> Iterator[Sign]:
    kinds = {_kind(password, names) for password in passwords_in(written) if is_closed(password)}
    worst = next((kind for kind in ("literal", "known", "variable") if kind in kinds), "")
    if worst:
        yield Sign(path, worst, "argument" if place == "argument" else "address", name)


def _command(view: View, path: ValuePath, names: frozenset[str]) -> Iterator[Sign]:
    node = view.subject.model.node(path)
    if node is None:
        return
    words: list[str] = []
    steps: list[ValuePath] = []
    for step, text in _texts(node):
        given = reduced(text)
        for word in given.split() if not step or " " in given else [given]:
            words.append(word.strip("'\""))
            steps.append((*path, *step))
        if "://" in given:
            yield from _addresses((*path, *step), given, "address", "", names)
    for index, name, quoted in secrets_in(words):
        value = quoted.strip("'\"")
        if value and is_secret_value(name.lstrip("-"), value) and not value.startswith("-"):
            yield Sign(steps[index], _kind(value, names), "flag", name)


def _texts(node: Node) -> Iterator[tuple[ValuePath, str]]:
    """The words of a command as they are written: one text, or an item each."""
    if not node.entries:
        yield (), node.text
        return
    for step, entry in node.entries.items():
        if entry.node.text:
            yield (step,), entry.node.text


def share_password(text: str) -> bool:
    """Whether options of a mount hold a literal password: ``username=app,password=…`` of a share."""
    pairs = (piece.partition("=") for piece in reduced(text).split(","))
    return any(
        key.strip() in {"password", "pass"} and is_value(value) and VARIABLE not in value
        for key, _, value in pairs
    )


def is_literal(name: str, value: str) -> bool:
    """Whether a value that nothing is put into is a secret: under a secret's name, in an address, or by its form."""
    if is_secret_name(name):
        return is_secret_value(name, value)
    return any(map(is_closed, passwords_in(value))) or next(find_keys(value), None) is not None
