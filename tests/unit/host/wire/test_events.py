"""Every event arrives as it was told, and what does not hold is told field by field."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Optional, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.host.wire import events
from fairlead.host.wire.contract import travelling
from fairlead.host.wire.errors import EXIT_OK, AgentError, InputFault
from fairlead.host.wire.events import NoteEvent, parse_event, render_event, salvage_event
from fairlead.host.wire.result import ErrorReport, Event, PhaseTime, Result, failed_result

KINDS = sorted(events._KINDS.values(), key=lambda one: one.kind)


_TEXTS = st.text(max_size=20)
_NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
_BY_TYPE: dict[Any, st.SearchStrategy[Any]] = {
    str: _TEXTS,
    bool: st.booleans(),
    int: st.integers(),
    float: _NUMBERS,
    Optional[str]: st.none() | _TEXTS,
    Optional[int]: st.none() | st.integers(),
    Optional[float]: st.none() | _NUMBERS,
    tuple[str, ...]: st.lists(_TEXTS, max_size=3).map(tuple),
    Mapping[str, Any]: st.dictionaries(_TEXTS, st.none() | _TEXTS | st.lists(st.integers()), max_size=3),
}


def _every(form: type[Any]) -> st.SearchStrategy[Any]:
    """Any value of a dataclass: each field by its type."""
    hints = get_type_hints(form)
    return st.builds(form, **{one.name: _BY_TYPE[hints[one.name]] for one in fields(form)})


_BY_TYPE[tuple[PhaseTime, ...]] = st.lists(_every(PhaseTime), max_size=3).map(tuple)
_BY_TYPE[Optional[ErrorReport]] = st.none() | _every(ErrorReport)


@pytest.mark.parametrize("form", KINDS, ids=lambda one: one.kind)
@given(data=st.data())
def test_an_event_arrives_as_it_was_told(form: type[Event], data: st.DataObject) -> None:
    event = data.draw(_every(form))
    travelled = json.loads(json.dumps(render_event(event)))
    assert travelled["event"] == form.kind
    assert parse_event(travelled) == event


@pytest.mark.parametrize("form", KINDS, ids=lambda one: one.kind)
def test_all_fields_that_do_not_hold_are_told_at_once(form: type[Event]) -> None:
    """From the other side anything may come; from a file of our own, damaged, what holds is kept."""
    wrong: dict[str, Any] = {name: object() for _, name, _ in travelling(form)}
    with pytest.raises(InputFault) as caught:
        parse_event({"event": form.kind, **wrong})
    assert {text.split()[0] for text in caught.value.details} == {f"event.{name}" for name in wrong}
    expected = Result(exit=AgentError.exit_code, error=ErrorReport()) if form is Result else form()
    assert salvage_event({"event": form.kind, **wrong}) == expected


@pytest.mark.parametrize("raw", [{}, {"event": "moon"}, {"event": None}, {"event": ["note"]}])
def test_an_event_that_nobody_knows_here_is_passed_over(raw: dict[str, Any]) -> None:
    """A newer agent tells more."""
    assert type(parse_event({**raw, "phase": 7})) is Event


def test_an_older_agent_says_less() -> None:
    assert parse_event({"event": "note", "text": "a", "colour": "red"}) == NoteEvent(text="a")


def test_who_does_not_say_that_it_ended_well_has_failed() -> None:
    assert salvage_event({"event": "result", "status": "live"}) == Result("live", AgentError.exit_code)
    assert parse_event({"event": "result", "exit": EXIT_OK}) == Result()


@pytest.mark.parametrize(("error", "status"), [(InputFault("a"), "refused"), (AgentError("a"), "failed")])
def test_an_error_before_anything_was_touched_is_a_result(error: AgentError, status: str) -> None:
    result = failed_result(error, serving="000001")
    assert (result.status, result.exit, result.serving) == (status, error.exit_code, "000001")
    assert result.error is not None
    assert result.error.what == "a"
