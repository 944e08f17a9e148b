"""Records behave as the dataclasses that a type checker takes them for."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, ClassVar

import pytest

from fairlead.quick import records
from fairlead.quick.records import replace

MODULES: list[Any] = [records, dataclasses]


def declared(module: Any) -> tuple[Any, Any]:
    """The same two classes, made by either module."""

    @module.dataclass(frozen=True, order=True)
    class Place:
        known: ClassVar[int] = 1
        path: str
        line: int = 0
        note: str = module.field(default="", repr=False, compare=False)

    @module.dataclass(frozen=True, kw_only=True)
    class Named(Place):
        name: str
        tags: Mapping[str, str] = module.field(default_factory=dict)

    return Place, Named


@pytest.mark.parametrize("module", MODULES)
def test_values_defaults_and_factories(module: Any) -> None:
    place, named = declared(module)
    one = named("a", 3, name="x")
    assert (one.path, one.line, one.note, one.name, one.tags) == ("a", 3, "", "x", {})
    assert one.tags is not named("a", name="x").tags
    assert repr(place("a", 1)).endswith("Place(path='a', line=1)")
    assert place.__match_args__ == ("path", "line", "note")


@pytest.mark.parametrize("module", MODULES)
def test_equality_order_and_hash_go_by_what_is_compared(module: Any) -> None:
    place, named = declared(module)
    assert place("a", 1, "x") == place("a", 1, "y")
    assert len({place("a", 1, "x"), place("a", 1, "y"), place("a", 2)}) == 2
    assert min(place("b"), place("a", 2), place("a", 1)).line == 1
    assert place("a") <= place("a") < place("b")
    assert place("a") != named("a", name="x")
    with pytest.raises(TypeError):
        _ = place("a") < 3


@pytest.mark.parametrize("module", MODULES)
def test_a_frozen_one_cannot_change(module: Any) -> None:
    place, _ = declared(module)
    one = place("a")
    with pytest.raises(dataclasses.FrozenInstanceError):
        one.path = "b"
    with pytest.raises(dataclasses.FrozenInstanceError):
        del one.path


@pytest.mark.parametrize("module", MODULES)
@pytest.mark.parametrize(
    ("args", "kwargs"),
    [((), {}), (("a", 1, "", 2), {}), (("a",), {"path": "b"}), (("a",), {"nope": 1}), ((), {"line": 1})],
)
def test_a_wrong_call_is_a_type_error(module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    place, _ = declared(module)
    with pytest.raises(TypeError):
        place(*args, **kwargs)


@pytest.mark.parametrize("module", MODULES)
def test_what_may_change_has_no_hash_and_runs_its_post_init(module: Any) -> None:
    @module.dataclass
    class Counter:
        count: int
        double: int = 0

        def __post_init__(self) -> None:
            self.double = self.count * 2

    made: Any = Counter
    one = made(2)
    assert one.double == 4
    one.count = 7
    assert one.count == 7
    with pytest.raises(TypeError):
        hash(one)


@pytest.mark.parametrize("change", [replace, dataclasses.replace])
def test_both_kinds_of_replace(change: Any) -> None:
    place, named = declared(records)
    assert change(place("a", 1), line=2) == place("a", 2)
    assert change(named("a", name="x"), name="y").name == "y"


def test_dataclasses_functions_know_them() -> None:
    _, named = declared(records)
    one: Any = named("a", name="x", tags={"k": "v"})
    assert dataclasses.is_dataclass(named)
    assert [field.name for field in dataclasses.fields(one)] == ["path", "line", "note", "name", "tags"]
    assert dataclasses.asdict(one) == {"path": "a", "line": 0, "note": "", "name": "x", "tags": {"k": "v"}}
