"""``x-fairlead`` in the compose files: its keys and what they may say.

The same as ``schemas/x-fairlead.schema.json`` tells an editor; a test holds the two together.
"""

from __future__ import annotations

from fairlead.app.model import ROLES
from fairlead.quick.patterns import compile_late
from fairlead.quick.records import dataclass

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping
    from typing import Any

    from fairlead.composefile.loader import Model
    from fairlead.findings import Location
    from fairlead.positions import ValuePath
    from fairlead.yaml_nodes import Entry, Node

    Form = tuple[str, Callable[[Any], bool]]


MERGED = "<<: *fairlead"
"""How one ``x-fairlead`` takes over what another says, which has the anchor ``&fairlead``."""
_VARIABLE = compile_late(r"[A-Za-z_][A-Za-z0-9_.-]{0,199}")
_HOST = compile_late(r"[A-Za-z0-9.\[\]:_-]{1,255}")
_SECRET = compile_late(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _is_number(value: Any, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def _is_variable(pair: tuple[Any, Any]) -> bool:
    variable, secret = pair
    return (
        isinstance(variable, str)
        and isinstance(secret, str)
        and _VARIABLE.fullmatch(variable) is not None
        and _SECRET.fullmatch(secret) is not None
    )


SERVICE_KEYS: Mapping[str, Form] = {
    "role": (f"one of {', '.join(ROLES)}", lambda value: value in ROLES),
    "port": ("a port between 1 and 65535", lambda value: _is_number(value, 1, 65535)),
    "health": (
        "none, or a mapping with path: and status:",
        lambda value: value == "none" or isinstance(value, dict),
    ),
    "protocol": ("http or h2c", lambda value: value in ("http", "h2c")),
    "image": ("the name of an image of fairlead.yaml", _is_text),
    "rollout": ("switch, recreate or shared", lambda value: value in ("switch", "recreate", "shared")),
    "start": ("before or after", lambda value: value in ("before", "after")),
    "secret_environment": (
        "a mapping of variables to names of secrets: {DATABASE_URL: database_url}",
        lambda value: isinstance(value, dict) and all(map(_is_variable, value.items())),
    ),
    "together": ("true or false", lambda value: isinstance(value, bool)),
    "irreversible": ("true or false", lambda value: isinstance(value, bool)),
    "backup": ("a mapping with by: or none:", lambda value: isinstance(value, dict)),
    "waive": ("a mapping of rules", lambda value: isinstance(value, dict)),
}
TOP_KEYS: Mapping[str, Form] = {
    "environment": ("dev or production", lambda value: value in ("dev", "production")),
    "waive": SERVICE_KEYS["waive"],
}
VOLUME_KEYS: Mapping[str, Form] = {
    "backup": SERVICE_KEYS["backup"],
    "lifetime": ("app or release", lambda value: value in ("app", "release")),
}
HEALTH_KEYS: Mapping[str, Form] = {
    "path": ("a path that starts with /", lambda value: isinstance(value, str) and value.startswith("/")),
    "status": ("a status between 100 and 599", lambda value: _is_number(value, 100, 599)),
    "host": (
        "a hostname, with a port if need be",
        lambda value: _is_text(value) and _HOST.fullmatch(value) is not None,
    ),
}
BACKUP_KEYS: Mapping[str, Form] = {
    "by": ("who copies it, in words", _is_text),
    "none": (
        "why it may be lost, in 10 characters or more",
        lambda value: _is_text(value) and len(value.strip()) >= 10,
    ),
}
WAIVER_KEYS: Mapping[str, Form] = {
    "reason": ("the reason, in words", lambda _value: True),
    "until": ("a day such as 2027-01-31", lambda _value: True),
}


@dataclass(frozen=True)
class Wrong:
    """What is wrong with an ``x-fairlead``: where in the model, and whether it is the key there or the value."""

    path: ValuePath
    what: str
    fix: str = ""
    key: bool = False


@dataclass(frozen=True)
class Replaced:
    """An ``x-fairlead`` that replaces one that a merge key brings, and the keys of that one which nothing says any more."""

    path: ValuePath
    place: Location
    lost: tuple[str, ...]


class _Place:
    """An ``x-fairlead``, or a part of it, with the keys that it may have."""

    __slots__ = ("keys", "path", "value")

    def __init__(self, path: ValuePath, value: Any, keys: Mapping[str, Form]) -> None:
        self.path = path
        self.value = value
        self.keys = keys


def _places(model: Model) -> Iterator[_Place]:
    if "x-fairlead" in model.value:
        yield from _with_parts(_Place(("x-fairlead",), model.value["x-fairlead"], TOP_KEYS))
    for kind, keys in (("services", SERVICE_KEYS), ("volumes", VOLUME_KEYS)):
        for name, how in _mapping(model.declared.get(kind)).items():
            if isinstance(how, dict) and "x-fairlead" in how:
                yield from _with_parts(_Place((kind, name, "x-fairlead"), how["x-fairlead"], keys))


def _with_parts(place: _Place) -> Iterator[_Place]:
    yield place
    value = _mapping(place.value)
    for key, keys in (("health", HEALTH_KEYS), ("backup", BACKUP_KEYS)):
        if key in place.keys and isinstance(value.get(key), dict):
            yield _Place((*place.path, key), value[key], keys)
    for rule, waiver in _mapping(value.get("waive")).items():
        yield _Place((*place.path, "waive", rule), waiver, WAIVER_KEYS)


def unknown_keys(model: Model) -> Iterator[Wrong]:
    """Keys of ``x-fairlead`` that nobody reads."""
    for place in _places(model):
        for key in _mapping(place.value):
            if key not in place.keys:
                from fairlead.nearest import did_you_mean

                what = f"{_dotted(place.path)}: nobody reads the key {key}"
                yield Wrong((*place.path, key), what, did_you_mean(str(key), place.keys), key=True)


def wrong_values(model: Model, images: Collection[str] | None) -> Iterator[Wrong]:
    """Values of ``x-fairlead`` that can't be meant; ``images`` are those of fairlead.yaml, where there is one."""
    for place in _places(model):
        if not isinstance(place.value, dict):
            yield Wrong(place.path, f"{_dotted(place.path)} must be a mapping with {', '.join(place.keys)}")
            continue
        for key, value in place.value.items():
            form = place.keys.get(key)
            if form is not None and not form[1](value):
                yield Wrong((*place.path, key), f"{_dotted(place.path)}.{key} must be {form[0]}")
        if place.keys is BACKUP_KEYS and len(place.value.keys() & BACKUP_KEYS.keys()) != 1:
            yield Wrong(place.path, f"{_dotted(place.path)} must say either by: or none:", key=True)
        image = place.value.get("image")
        known = images if place.keys is SERVICE_KEYS else None
        if known is not None and isinstance(image, str) and image not in known:
            from fairlead.nearest import did_you_mean

            what = f"fairlead.yaml has no image {image}"
            yield Wrong((*place.path, "image"), what, did_you_mean(image, known))


def replaced_keys(model: Model) -> Iterator[Replaced]:
    """What is lost where an ``x-fairlead`` stands beside a merge key that brings one: YAML takes the one or the other."""
    seen: set[tuple[Location, tuple[str, ...]]] = set()
    for document in model.documents:
        for kind in ("services", "volumes"):
            named = document.node((kind,))
            for name in named.entries if named is not None else ():
                whole = document.node((kind, name))
                entry = whole.entries.get("x-fairlead") if whole is not None else None
                place = document.location((kind, name, "x-fairlead"), key=True)
                lost = _lost(entry) if entry is not None else ()
                if lost and (place, lost) not in seen:
                    seen.add((place, lost))
                    yield Replaced((kind, name, "x-fairlead"), place, lost)


def _lost(entry: Entry) -> tuple[str, ...]:
    kept = _leaves(entry.node)
    return tuple(
        dict.fromkeys(
            _dotted(path)
            for hidden in entry.hides
            for path in _leaves(hidden)
            # Said otherwise here is said; a text in place of a mapping, too.
            if not any(path[: len(one)] == one or one[: len(path)] == path for one in kept)
        )
    )


def _leaves(node: Node, path: ValuePath = ()) -> list[ValuePath]:
    if not node.entries or not isinstance(node.value, dict):
        return [path] if path else []
    return [leaf for key, entry in node.entries.items() for leaf in _leaves(entry.node, (*path, key))]


def say_merged(model: Model, path: ValuePath, fix: str) -> str:
    """A fix that tells of an ``x-fairlead`` to write, where the service has one already that others share: how both hold."""
    written = model.written((*path[:2], "x-fairlead")) if "x-fairlead: {" in fix and len(path) > 1 else None
    if written is None or not written.shared:
        return fix
    return (
        f"{fix}; it has an x-fairlead by an anchor, which one of its own replaces: "
        f"name that one (x-fairlead: &fairlead) and begin its own with {MERGED}"
    )


def _dotted(path: ValuePath) -> str:
    return ".".join(str(step) for step in path)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
