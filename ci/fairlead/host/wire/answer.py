"""What answers are made of: frozen dataclasses, written in full by the agent and read by the client, which may be older or newer.

What an older agent does not say has its default; what a newer one says besides stands in ``document``, the answer as it
arrived, which the client's own documents pass on.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from .contract import Kind, kind, parse, travelling
from .fields import Faults, Fields

_Answer = TypeVar("_Answer")

_NO_ANSWER = "the server's answer does not hold"
_OTHER_END = "use the same version of fairlead on both ends"


def parse_answer(form: type[_Answer], raw: Mapping[str, Any]) -> _Answer:
    """The dataclass from the ``data`` of a result.

    Raises:
        InputFault: it is something else; all faults are told.
    """
    faults = Faults()
    found = parse(form, Fields(raw, "answer", faults))
    faults.raise_if_any(_NO_ANSWER, _OTHER_END)
    return found


def render_answer(value: Any) -> dict[str, Any]:
    """The dataclass as it travels: in full, but for what only travels beside something that is not there."""
    return {
        name: _plain(getattr(value, one.name))
        for one, name, _ in travelling(type(value))
        if not one.metadata.get("whole") and _is_there(value, one.metadata.get("beside"))
    }


def beside(name: str, what: Kind) -> Kind:
    """What travels only where the field of this name, which may be its own, is not None."""
    return {**what, "beside": name}


def part(form: type[Any]) -> Kind:
    """An answer's part, or None."""
    return kind(
        lambda fields, name, default: (
            parse(form, fields.fields(name)) if fields.raw.get(name) is not None else default
        )
    )


def parts(form: type[Any], *, name: str = "") -> Kind:
    """A list of parts."""

    def read(fields: Fields, name: str, default: Any) -> Any:
        if fields.raw.get(name) is None:
            return default
        return tuple(parse(form, row) for row in fields.rows(name, limit=_MAX_ROWS))

    return kind(read, name=name)


def _reader(
    holds: Callable[[Any], bool], what: str, form: Callable[[Any], Any] = lambda value: value
) -> Kind:
    """A value that is not there, or null, is the default."""

    def read(fields: Fields, name: str, default: Any) -> Any:
        value = fields.raw.get(name)
        if value is None and default is not dataclasses.MISSING:
            return default
        if holds(value):
            return form(value)
        fields.fault(name, f"is {what}")
        return default

    return kind(read)


_MAX_ROWS = 1_000_000
WORD = _reader(lambda value: isinstance(value, str), "no text")
WORDS = _reader(
    lambda value: isinstance(value, list) and all(isinstance(one, str) for one in value),
    "no list of texts",
    tuple,
)
SWITCH = _reader(lambda value: isinstance(value, bool), "neither true nor false")
COUNT = _reader(lambda value: type(value) is int, "no whole number")
NUMBER = _reader(lambda value: type(value) in (int, float), "no number")
PAIRS = _reader(
    lambda value: isinstance(value, dict) and all(isinstance(one, str) for one in value.values()),
    "no mapping of texts",
)
RECORD = _reader(lambda value: isinstance(value, dict), "no mapping")
RECORDS = _reader(
    lambda value: isinstance(value, list) and all(isinstance(one, dict) for one in value),
    "no list of mappings",
    tuple,
)
WHOLE = kind(lambda fields, _name, _default: fields.raw, whole=True)
"""The mapping as it arrived; it does not travel by itself."""


def _is_there(value: Any, name: Any) -> bool:
    return name is None or getattr(value, name) is not None


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        return render_answer(value)
    if isinstance(value, (tuple, list)):
        return [_plain(one) for one in value]
    return dict(value) if isinstance(value, Mapping) else value
