from __future__ import annotations

import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from app.api.documents import EVENT_EXAMPLE, EventIn
from app.domain.texts import shown_line
from fairlead.host.wire.phases import PHASES
from fairlead.schemas import load_schema

GOOD: list[dict[str, Any]] = [
    {},
    {"release": None, "previous": None, "serving": None, "url": None},
    {"started_at": "2026-03-01T12:00:00.5Z", "finished_at": "2026-03-01T14:00:01+02:00"},
    {
        "error": {
            "what": "web is not healthy",
            "why": "503",
            "fix": "look at it",
            "details": ["a"],
            "service": "web",
        }
    },
    {"error": {"what": "x" * 5000}},
    {"by": "", "a_field_of_tomorrow": 1},
    {"images": {}, "phases": []},
    {"commit": None},
    {"commit": {}},
    {"commit": {"subject": "x" * 5000, "source": None, "run": None, "before": None, "tomorrow": 1}},
]
BAD: list[dict[str, Any]] = [
    {"schema": "fairlead.event/v2"},
    {"id": "43"},
    {"app": "Board"},
    {"environment": ""},
    {"kind": "undeploy"},
    {"status": "fine"},
    {"release": "43"},
    {"revision": "main"},
    {"revision_time": "yesterday"},
    {"started_at": "2026-03-01T12:00:00"},
    {"finished_at": True},
    {"started_at": -1},
    {"url": "javascript:alert(1)"},
    {"images": {"api": "latest"}},
    {"phases": [{"phase": "pull", "state": "done", "seconds": -1}]},
    {"phases": [{"phase": "pull", "state": "begin", "seconds": 1}]},
    {"error": {"why": "no what"}},
    {"by": "x" * 300},
    {"commit": {"source": "javascript:alert(1)"}},
    {"commit": {"run": "https://a b"}},
    {"commit": {"before": "main"}},
    {"commit": {"subject": 7}},
]


@pytest.mark.parametrize(
    ("changes", "good"), [*((c, True) for c in GOOD), *((c, False) for c in BAD)], ids=str
)
def test_the_api_takes_what_the_schema_allows(changes: dict[str, Any], good: bool) -> None:
    """The published schema and the api agree, document for document."""
    document = EVENT_EXAMPLE | changes
    assert Draft202012Validator(load_schema("event")).is_valid(document) is good
    try:
        EventIn.model_validate(document)
    except ValidationError:
        assert not good
    else:
        assert good


@pytest.mark.parametrize("field", load_schema("event")["required"])
def test_the_api_misses_what_the_schema_requires(field: str) -> None:
    with pytest.raises(ValidationError, match=field):
        EventIn.model_validate({key: value for key, value in EVENT_EXAMPLE.items() if key != field})


def test_a_long_error_is_cut_not_refused() -> None:
    event = EventIn.model_validate(
        EVENT_EXAMPLE | {"error": {"what": "x" * 5000, "why": "y" * 50000}}
    ).to_event()
    assert event.error is not None
    assert (len(event.error.what), len(event.error.why)) == (2000, 20000)


STEERING = "a\x00b\u202ec\u2028d\x1b[31me"


def test_texts_of_others_are_shown_and_bounded_wherever_they_come() -> None:
    """A NUL would be refused by the database, a bidirectional control would let a line read as another one."""
    told = {"subject": STEERING, "author": STEERING * 200}
    fault = {"what": STEERING, "why": f"{STEERING}\n\tb"}
    changes = {"by": STEERING, "host": STEERING, "error": fault, "commit": told}
    event = EventIn.model_validate(EVENT_EXAMPLE | changes).to_event()
    assert event.error is not None
    shown = r"a\u0000b\u202ec\u2028d\u001b[31me"
    assert [event.by, event.host, event.commit.subject, event.error.what] == [shown] * 4
    assert event.error.why == f"{shown}\n\tb"
    assert len(event.commit.author) == 300


@given(st.text(max_size=50), st.integers(0, 60))
def test_a_shown_line_steers_nothing(text: str, most: int) -> None:
    shown = shown_line(text, most)
    assert len(shown) <= most
    assert not {unicodedata.category(char) for char in shown} & {"Cc", "Cf", "Cs", "Zl", "Zp"}


def test_the_example_has_the_phases_of_a_deploy_to_one_host() -> None:
    assert [one["phase"] for one in EVENT_EXAMPLE["phases"]] == [one.name for one in PHASES if not one.holds]
