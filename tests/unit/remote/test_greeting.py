"""The loader's answers are told from whatever a server's start-up files print."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fairlead.errors import CommandFailedError
from fairlead.host.wire.names import PROTOCOL
from fairlead.remote.greeting import make_mark, parse_greeting

MARK = "5c" * 16
ERROR = {"what": "this server does not run the agent of this Fairlead", "why": "", "fix": ""}


def _said(**answer: Any) -> Any:
    return parse_greeting(json.dumps(answer).encode(), MARK)


@pytest.mark.parametrize("said", ["known", "wanted", "stored"])
def test_an_answer_carries_the_mark_of_this_connection(said: str) -> None:
    assert _said(agent=said, protocol=PROTOCOL, mark=MARK)["agent"] == said
    assert _said(agent=said, protocol=PROTOCOL, mark=make_mark()) is None
    assert make_mark() != make_mark()


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"Welcome!",
        b"{}",
        b"[]",
        b'"agent"',
        b'{"agent": "monitoring"}',
        b'{"agent": "monitoring", "protocol": 1}',
        b'{"agent": ["known"]}',
        b'{"agent": {"name": "known"}}',
        b'{"agent": "known", "host": "web-1"}',
        b'{"agent": "known", "protocol": 7}',
        b'{"agent": "known", "error": null, "mark": ""}',
        b'{"agent": "wanted", "mark": null}',
        b'{"agent": "refused"}',
        b'{"agent": "refused", "error": "no licence"}',
        b'{"agent": "refused", "error": {"code": 3}}',
        b'{"agent": "refused", "error": {"what": "x"}, "level": "warning"}',
    ],
)
def test_what_anybody_else_prints_is_passed_over(line: bytes) -> None:
    assert parse_greeting(line, MARK) is None


def test_a_loader_of_before_the_mark_is_understood_word_for_word() -> None:
    """A key that is held to one agent has a loader of its own, for years."""
    assert _said(agent="known") == {"agent": "known"}
    assert _said(agent="known", protocol=1)
    assert _said(agent="refused", error=ERROR)["error"] == ERROR
    assert _said(agent="refused", error=ERROR, protocol=1)


@pytest.mark.parametrize("protocol", [PROTOCOL, PROTOCOL + 1])
def test_a_refusal_is_told_in_its_own_words(protocol: int) -> None:
    """Where Python is too old, nobody has read the mark."""
    assert _said(agent="refused", error=ERROR, protocol=protocol)["error"] == ERROR
    assert _said(agent="refused", error=ERROR, protocol=protocol, mark=MARK)["error"] == ERROR


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ({"agent": "known", "protocol": PROTOCOL + 1}, f"the server {PROTOCOL + 1}"),
        ({"agent": "known"}, "the server None"),
        ({"agent": "moved", "protocol": PROTOCOL}, "'moved'"),
        ({"agent": [], "protocol": PROTOCOL}, "[]"),
    ],
)
def test_one_that_speaks_otherwise_is_told_from_one_that_is_slow(answer: dict[str, Any], why: str) -> None:
    with pytest.raises(CommandFailedError, match="different versions") as caught:
        _said(mark=MARK, **answer)
    assert why in caught.value.why
