"""Dataclasses that cost nothing to import: for what a command loads before it can do anything.

``dataclasses`` imports ``inspect`` and compiles several functions a class: 20 ms, and 0.7 ms a class, of the
60 ms that ``fairlead validate`` has for everything. The classes here are built from closures instead.
A type checker sees the real ones, and ``dataclasses.fields``, ``asdict`` and ``replace`` work on these too.

Left out, because nothing here needs it: ``slots``, ``InitVar``, ``init=False``, ``match_args=False``.
"""

from __future__ import annotations

import operator
from collections.abc import Callable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from dataclasses import dataclass, field, replace
    from typing import Any

__all__ = ["dataclass", "field", "replace"]

_MISSING: Any = object()
_SPECS = "__record_specs__"


class _Spec:
    """One field: what ``field()`` was given."""

    __slots__ = ("compare", "default", "default_factory", "kw_only", "name", "repr")

    def __init__(
        self,
        *,
        default: Any = _MISSING,
        default_factory: Any = _MISSING,
        repr: bool = True,  # noqa: A002 - the name that dataclasses give it
        compare: bool = True,
        kw_only: bool | None = None,
    ) -> None:
        self.name = ""
        self.default = default
        self.default_factory = default_factory
        self.repr = repr
        self.compare = compare
        self.kw_only = kw_only


class _Fields:
    """``__dataclass_fields__``, made when ``dataclasses`` first asks for it."""

    def __get__(self, _instance: object, owner: type) -> dict[str, Any]:
        import dataclasses

        made = []
        for spec in getattr(owner, _SPECS).values():
            given = {
                name: getattr(spec, name)
                for name in ("default", "default_factory")
                if getattr(spec, name) is not _MISSING
            }
            kind = dataclasses.field(repr=spec.repr, compare=spec.compare, kw_only=spec.kw_only, **given)
            made.append((spec.name, object, kind))
        like = dataclasses.make_dataclass(owner.__name__, made)
        found: dict[str, Any] = like.__dict__["__dataclass_fields__"]
        return found


def _dataclass(
    cls: type | None = None,
    *,
    frozen: bool = False,
    order: bool = False,
    kw_only: bool = False,
    eq: bool = True,
) -> Any:
    if cls is None:
        return lambda decorated: _made(decorated, frozen=frozen, order=order, kw_only=kw_only, eq=eq)
    return _made(cls, frozen=frozen, order=order, kw_only=kw_only, eq=eq)


def _made(cls: type, *, frozen: bool, order: bool, kw_only: bool, eq: bool) -> type:
    specs = _specs_of(cls, kw_only=kw_only)
    setattr(cls, _SPECS, specs)
    methods: dict[str, Any] = {"__init__": _init(cls, specs), "__repr__": _repr(specs)}
    compared = [spec.name for spec in specs.values() if spec.compare]
    if eq:
        methods |= _comparisons(compared, order=order)
        # As dataclasses do it: what is equal by value and can change has no hash.
        methods["__hash__"] = _hash(compared) if frozen else None
    if frozen:
        methods |= {"__setattr__": _refuse_set, "__delattr__": _refuse_delete}
    for name, method in methods.items():
        if name not in cls.__dict__ or (name == "__hash__" and cls.__dict__[name] is None):
            setattr(cls, name, method)
    type.__setattr__(cls, "__dataclass_fields__", _Fields())
    type.__setattr__(cls, "__match_args__", tuple(name for name, spec in specs.items() if not spec.kw_only))
    return cls


def _specs_of(cls: type, *, kw_only: bool) -> dict[str, _Spec]:
    """The fields of a class, those of its bases first."""
    specs: dict[str, _Spec] = {}
    for base in reversed(cls.__mro__[1:]):
        specs.update(base.__dict__.get(_SPECS, {}))
    for name, annotation in cls.__annotations__.items():
        if "ClassVar" in str(annotation):
            continue
        given = cls.__dict__.get(name, _MISSING)
        spec = given if isinstance(given, _Spec) else _Spec(default=given)
        spec.name = name
        spec.kw_only = kw_only if spec.kw_only is None else spec.kw_only
        specs[name] = spec
        if spec.default is not _MISSING:
            setattr(cls, name, spec.default)
        elif given is not _MISSING:
            delattr(cls, name)
    return specs


def _init(cls: type, specs: dict[str, _Spec]) -> Callable[..., None]:
    names = tuple(name for name, spec in specs.items() if not spec.kw_only)
    count = len(specs)
    defaults = {name: spec.default for name, spec in specs.items() if spec.default is not _MISSING}
    factories = [
        (name, spec.default_factory) for name, spec in specs.items() if spec.default_factory is not _MISSING
    ]
    after = getattr(cls, "__post_init__", None)

    def init(self: Any, *args: Any, **kwargs: Any) -> None:
        values = self.__dict__
        if not kwargs and len(args) == count == len(names) and after is None:
            # The usual call, a thousand times.
            values.update(zip(names, args, strict=True))
            return
        values.update(defaults)
        # A positional argument too many, and one given twice, leave the count wrong or are told here.
        if len(args) > len(names) or (kwargs and not kwargs.keys().isdisjoint(names[: len(args)])):
            raise _wrong_call(self, specs, args, kwargs)
        values.update(zip(names, args, strict=False))
        values.update(kwargs)
        for name, factory in factories:
            if name not in values:
                values[name] = factory()
        if len(values) != count:
            raise _wrong_call(self, specs, args, kwargs)
        if after is not None:
            after(self)

    return init


def _wrong_call(
    record: object, specs: dict[str, _Spec], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> TypeError:
    unknown = [name for name in kwargs if name not in specs]
    missing = [name for name in specs if name not in record.__dict__]
    return TypeError(
        f"{type(record).__name__}() was called with {len(args)} positional arguments and {sorted(kwargs)}:"
        f" unknown {unknown}, missing {missing}"
    )


def _repr(specs: dict[str, _Spec]) -> Callable[[Any], str]:
    names = [name for name, spec in specs.items() if spec.repr]

    def shown(self: Any) -> str:
        values = ", ".join(f"{name}={getattr(self, name)!r}" for name in names)
        return f"{type(self).__qualname__}({values})"

    return shown


def _key(names: list[str]) -> Callable[[Any], Any]:
    return operator.attrgetter(*names) if names else lambda _record: ()


def _hash(names: list[str]) -> Callable[[Any], int]:
    key = _key(names)
    return lambda record: hash(key(record))


def _comparisons(names: list[str], *, order: bool) -> dict[str, Callable[[Any, Any], Any]]:
    key = _key(names)

    def method(compare: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
        def compared(self: Any, other: Any) -> Any:
            return compare(key(self), key(other)) if other.__class__ is self.__class__ else NotImplemented

        return compared

    made = {"__eq__": method(operator.eq)}
    if order:
        made |= {f"__{name}__": method(getattr(operator, name)) for name in ("lt", "le", "gt", "ge")}
    return made


def _refuse_set(self: object, name: str, _value: object) -> None:
    raise _frozen(self, name)


def _refuse_delete(self: object, name: str) -> None:
    raise _frozen(self, name)


def _frozen(record: object, name: str) -> Exception:
    from dataclasses import FrozenInstanceError

    return FrozenInstanceError(f"cannot change field {name!r} of a {type(record).__name__}")


def _replace(record: Any, /, **changes: Any) -> Any:
    specs = getattr(type(record), _SPECS)
    return type(record)(**{**{name: record.__dict__[name] for name in specs}, **changes})


if not TYPE_CHECKING:
    dataclass, field, replace = _dataclass, _Spec, _replace
