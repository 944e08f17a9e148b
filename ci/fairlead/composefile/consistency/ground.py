"""What the checks of the model stand on: the containers of all profiles, what is declared, and how to report."""

from __future__ import annotations

from fairlead.findings import Finding

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from fairlead.composefile.loader import Model
    from fairlead.positions import Document, ValuePath

RULE = "model"
ANY = "*"
"""In a pattern of a path: every key of a mapping, every item of a list."""


class Container:
    """A service, or a job of newer Compose versions: where it stands, and what it says."""

    __slots__ = ("name", "path", "value")

    def __init__(self, kind: str, name: str, value: dict[str, Any]) -> None:
        self.path: ValuePath = (kind, name)
        self.name = name
        self.value = value


class Ground:
    """The model, and the findings about it so far."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.findings: list[Finding] = []
        self.services: dict[str, Any] = mapping(model.value.get("services"))
        self.jobs: dict[str, Any] = mapping(model.value.get("jobs"))
        self.containers = [
            Container(kind, name, value)
            for kind, all_of_them in (("services", self.services), ("jobs", self.jobs))
            for name, value in all_of_them.items()
            if isinstance(value, dict)
        ]

    def declared(self, kind: str) -> dict[str, Any]:
        """The top-level networks, volumes, secrets, configs or models, used or not."""
        return mapping(self.model.declared.get(kind))

    def is_open(self, path: ValuePath) -> bool:
        """Whether a variable in the value is unset: rule ``unset-variable`` tells that, and the value means little."""
        node = self.model.node(path)
        text = node.text if node is not None else ""
        if "$" not in text:
            return False
        return any(not use.is_set and not use.default and use.name in text for use in self.model.uses)

    def fault(self, path: ValuePath, what: str, fix: str = "", *, key: bool = False) -> None:
        """Report what is wrong with the value, or the key, at a path."""
        place = self.model.location(path, key=key)
        self.findings.append(Finding(what, place, fix, RULE, path=path))

    def fault_in(self, document: Document, path: ValuePath, what: str, fix: str = "") -> None:
        """Report what is wrong with a value of one file."""
        self.findings.append(Finding(what, document.location(path), fix, RULE, path=path))

    def undefined(self, path: ValuePath, what: str, name: str, names: Iterable[str]) -> None:
        """Report a name that nothing declares."""
        from fairlead.nearest import did_you_mean

        self.fault(path, what, did_you_mean(name, names), key=True)


def hooks_of(container: Container) -> list[Container]:
    """What runs before a container starts: containers too, of which each says what it changes."""
    hooks: list[Container] = []
    for index, value in enumerate(listed(container.value.get("pre_start"))):
        if isinstance(value, dict):
            hook = Container(str(container.path[0]), container.name, value)
            hook.path = (*container.path, "pre_start", index)
            hooks.append(hook)
    return hooks


def mapping(value: Any) -> dict[str, Any]:
    """The value if it is a mapping, else an empty one: wrong types are the schema's to tell."""
    return value if isinstance(value, dict) else {}


def listed(value: Any) -> list[Any]:
    """The value if it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def plain_text(value: Any) -> str:
    """The value if it is text, else nothing. The model holds ``$`` doubled, as Compose prints it."""
    if not isinstance(value, str):
        return ""
    return value.replace("$$", "$") if "$" in value else value


def at(value: Any, *steps: str) -> Any:
    """The value below some keys, or None."""
    for step in steps:
        if not isinstance(value, dict):
            return None
        value = value.get(step)
    return value


def matches(value: Any, pattern: ValuePath, path: ValuePath) -> list[tuple[ValuePath, Any]]:
    """The values below ``value`` that a pattern leads to, with their paths."""
    found = [(path, value)]
    for step in pattern:
        below: list[tuple[ValuePath, Any]] = []
        for place, item in found:
            if step == ANY:
                inner = (
                    item.items()
                    if isinstance(item, dict)
                    else enumerate(item)
                    if isinstance(item, list)
                    else ()
                )
                below += [((*place, key), one) for key, one in inner]
            elif isinstance(item, dict) and step in item:
                below.append(((*place, step), item[step]))
        if not below:
            return below
        found = below
    return found


def is_set(value: Mapping[str, Any], key: str) -> bool:
    """Whether a key says something: Compose takes null for absent."""
    return value.get(key) is not None
