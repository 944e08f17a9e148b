"""The contract's form: a frozen dataclass whose fields say how they are read; one parser and one renderer serve them all.

``lock_timeout: float = field(default=600.0, metadata=seconds(24 * 3600))`` has name, default and bounds in one line. What has
its default is not sent: the reader knows it. A field without such metadata never travels.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Optional, TypeVar

from .errors import InputFault
from .fields import Faults, Fields

_Part = TypeVar("_Part")
Kind = Mapping[str, Any]
Reader = Callable[[Fields, str, Any], Any]
"""Of the field of this name, with this default: its value; a fault is noted, or raised where it has words of its own."""

_NO_REQUEST = "the request does not hold"
_OTHER_CLIENT = "use the client that this agent came with"


def kind(read: Reader, *, name: str = "", **more: Any) -> Kind:
    """How a field is read; ``name`` is what it is called on the wire, where Python cannot call it so.

    By ``also`` it is sent a second time, under the name that the version before reads.
    """
    return {"read": read, "name": name, **more}


def parse(form: type[_Part], fields: Fields) -> _Part:
    """The dataclass from its fields, in their order. What does not hold is noted in the faults of ``fields``."""
    return form(**{one.name: read(fields, name, _default(one)) for one, name, read in travelling(form)})


def parse_whole(form: type[_Part], raw: Mapping[str, Any]) -> _Part:
    """The dataclass from a request that nobody vouches for.

    Raises:
        InputFault: it does not hold; all faults are told.
    """
    faults = Faults()
    found = parse(form, Fields(raw, "request", faults))
    faults.raise_if_any(_NO_REQUEST, _OTHER_CLIENT)
    return found


def render(value: Any) -> dict[str, Any]:
    """The dataclass as it travels: JSON values, without what has its default."""
    sent: dict[str, Any] = {}
    for one, name, _ in travelling(type(value)):
        given = getattr(value, one.name)
        if given != _default(one):
            sent.update(dict.fromkeys((name, one.metadata.get("also", name)), _plain(given)))
    return sent


def defaults(form: type[Any]) -> dict[str, Any]:
    """What each field is that did not travel."""
    return {name: _plain(_default(one)) for one, name, _ in travelling(form)}


def fields_with(form: type[Any], key: str, value: str) -> frozenset[str]:
    """The names of the fields whose kind has the value among those of ``key``."""
    return frozenset(name for one, name, _ in travelling(form) if value in one.metadata.get(key, ()))


def read_text(raw: Mapping[str, Any], name: str) -> Optional[str]:
    """A field that is text or not there.

    Raises:
        InputFault: it is something else.
    """
    value = raw.get(name)
    if value is not None and not isinstance(value, str):
        raise InputFault(f"`{name}` must be text", fix="use the same version of fairlead on both ends")
    return value


def seconds(most: float) -> Kind:
    """Seconds from 0."""
    return kind(lambda fields, name, default: fields.seconds(name, most, default=default))


def text(limit: int) -> Kind:
    """A line of printable characters."""
    return kind(lambda fields, name, default: fields.text(name, limit, default=default))


def matching(pattern: re.Pattern[str]) -> Kind:
    """A text that has to be there."""
    return kind(lambda fields, name, _: fields.name(name, pattern))


def texts(pattern: re.Pattern[str], what: str, most: int = -1) -> Kind:
    """A list of texts, at ``most`` so many; ``what`` is said of anything else."""
    return kind(partial(_texts, pattern, what, most))


def part(form: type[Any]) -> Kind:
    """A dataclass in this one; what is not there is all defaults."""
    return kind(lambda fields, name, _: parse(form, fields.fields(name, optional=True)))


def given(form: type[Any]) -> Kind:
    """A dataclass in this one, or None where it is not there."""
    return kind(
        lambda fields, name, _: parse(form, fields.fields(name)) if fields.raw.get(name) is not None else None
    )


def _texts(
    pattern: re.Pattern[str], what: str, most: int, fields: Fields, name: str, _: Any
) -> tuple[str, ...]:
    found = fields.raw.get(name) or []
    holds = isinstance(found, (list, tuple)) and (most < 0 or len(found) <= most)
    if holds and all(isinstance(one, str) and pattern.fullmatch(one) for one in found):
        return tuple(found)
    fields.fault(name, what)
    return ()


FLAG = kind(lambda fields, name, default: fields.flag(name, default=default))
"""True or false."""
YES = kind(lambda fields, name, _: fields.raw.get(name) is True)
"""True; whatever else it may be is false."""
TEXT = kind(lambda fields, name, _: read_text(fields.raw, name))
"""Any text, or None."""
RAW = kind(lambda fields, name, default: fields.raw.get(name, default))
"""Whatever it is: who uses it looks at it."""


def travelling(form: type[Any]) -> list[tuple[dataclasses.Field[Any], str, Reader]]:
    """The fields that travel, each with its name on the wire and its reader."""
    return [
        (one, one.metadata["name"] or one.name, one.metadata["read"])
        for one in dataclasses.fields(form)
        if "read" in one.metadata
    ]


def _default(one: dataclasses.Field[Any]) -> Any:
    return one.default if one.default_factory is dataclasses.MISSING else one.default_factory()


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        return render(value)
    return list(value) if isinstance(value, tuple) else value
