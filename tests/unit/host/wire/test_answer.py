"""What the agent answers is what the client reads, whichever of both is older; its bytes are those of ``answers.json``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Optional

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.host.wire import planned, replies, status
from fairlead.host.wire.answer import parse_answer, render_answer
from fairlead.host.wire.contract import travelling
from fairlead.host.wire.errors import InputFault

RECORDED: dict[str, dict[str, Any]] = json.loads((Path(__file__).parent / "answers.json").read_text())
"""One of each, as the version wrote them that made them of dictionaries."""
FORMS: dict[str, type[Any]] = {
    name: form
    for module in (status, planned, replies)
    for name, form in vars(module).items()
    if name.endswith("Answer") and isinstance(form, type)
}
WRONG: list[Any] = [5, "x", True, [5], [{"a": 5}], {"a": 5}, 1.5]


def _form(name: str) -> type[Any]:
    return FORMS[name.partition(" ")[0]]


def test_every_answer_is_recorded() -> None:
    assert {name.partition(" ")[0] for name in RECORDED} == set(FORMS)


@pytest.mark.parametrize("name", RECORDED)
def test_it_is_read_and_written_as_ever(name: str) -> None:
    """Each name and value, in the same order."""
    assert json.dumps(render_answer(parse_answer(_form(name), RECORDED[name]))) == json.dumps(RECORDED[name])


@pytest.mark.parametrize("name", RECORDED)
def test_an_older_agent_says_less_and_a_newer_one_more(name: str) -> None:
    """What it does not say has its default; what it says besides is passed on, and changes nothing."""
    form, raw = _form(name), RECORDED[name]
    whole = parse_answer(form, raw)
    for key in raw:
        less = parse_answer(form, {one: value for one, value in raw.items() if one != key})
        (own,) = [one for one, known, _ in travelling(form) if known == key]
        assert getattr(less, own.name) == getattr(form(), own.name)
    more = parse_answer(form, {**raw, "news": {"x": 1}})
    assert render_answer(more) == render_answer(whole)
    if hasattr(more, "document"):
        assert more.document == {**raw, "news": {"x": 1}}


def _tried(form: type[Any], raw: dict[str, Any]) -> tuple[Optional[dict[str, Any]], str]:
    try:
        return render_answer(parse_answer(form, raw)), ""
    except InputFault as fault:
        return None, fault.why


@given(st.data())
def test_what_is_something_else_is_told_and_not_believed(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(RECORDED)))
    raw = RECORDED[name]
    key, wrong = data.draw(st.sampled_from(sorted(raw))), data.draw(st.sampled_from(WRONG))
    found, why = _tried(_form(name), {**raw, key: wrong})
    if found is None:
        assert f"answer.{key}" in why
    else:
        assert key not in found or type(found[key]) is type(wrong)


def test_what_is_not_asked_for_does_not_travel() -> None:
    assert {"tasks", "unserved", "marks"}.isdisjoint(render_answer(status.StateAnswer()))
    assert "warnings" not in render_answer(planned.PlanAnswer())
    kept = render_answer(status.HistoryEntry(kind="maintenance"))
    assert list(kept) == [
        "kind",
        "release",
        "previous",
        "revision",
        "by",
        "key",
        "began_at",
        "ended_at",
        "status",
    ]
