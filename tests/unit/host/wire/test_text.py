"""States and histories as people read them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from fairlead.host.door import console
from fairlead.host.wire import text
from fairlead.host.wire.answer import parse_answer
from fairlead.host.wire.events import BEGUN, FAILED, PhaseEvent
from fairlead.host.wire.result import Result
from fairlead.host.wire.status import HistoryEntry, StateAnswer

NOW = 1_800_000_000.0
STATE: dict[str, Any] = {
    "app": "board",
    "environment": "production",
    "url": "https://board.example.com",
    "serving": "000042",
    "previous": "000041",
    "since": NOW - 7200,
    "by": "alice@laptop",
    "revision": "1a2b3c4d5e6f" + "0" * 28,
    "services": [
        {
            "service": "web",
            "role": "app",
            "image": "ghcr.io/acme/board/web@sha256:" + "ab" * 32,
            "digest": "sha256:" + "ab" * 32,
            "running_digest": "sha256:" + "ab" * 32,
            "release": "000042",
            "replicas": 2,
            "state": "healthy",
            "since": "2027-01-15T07:58:00.123456789Z",
            "containers": [{"running": True, "restarts": 0}, {"running": True, "restarts": 1}],
        }
    ],
}


def _state(raw: dict[str, Any]) -> StateAnswer:
    return parse_answer(StateAnswer, raw)


def _rows(entry: dict[str, Any]) -> list[tuple[str, ...]]:
    return text.history_rows([parse_answer(HistoryEntry, entry)])


def test_a_row_says_which_release_runs_how_well_since_when() -> None:
    assert text.status_rows(_state(STATE), NOW) == [
        (
            "web",
            "app",
            "000042",
            "healthy, 2 of 2, restarted once",
            "2 min",
            "ghcr.io/acme/board/web@abababababab",
        )
    ]


def test_a_container_with_another_image_is_told() -> None:
    service = {**STATE["services"][0], "running_digest": "sha256:" + "cd" * 32}
    assert "not the wanted image" in text.service_state(_state({"services": [service]}).services[0])


def test_one_sentence_says_what_serves() -> None:
    assert text.status_sentence(_state(STATE), NOW) == (
        "board (production) serves 000042, commit 1a2b3c4d5e6f at https://board.example.com, 2 h ago, by alice@laptop"
    )
    assert text.status_sentence(_state({"app": "board", "serving": None}), NOW) == "board: nothing serves"


def test_an_interrupted_deploy_is_told_unless_it_is_under_way() -> None:
    left = {**STATE, "unfinished": {"kind": "deploy", "release": "000043", "phase": "verify"}}
    assert "was interrupted in verify" in text.status_remarks(_state(left))[0]
    services = [{"service": name, "revision": mark * 40} for name, mark in (("api", "a"), ("web", "b"))]
    mixed = {"revision": "b" * 40, "services": services, "previous": "000001"}
    (behind, _) = text.status_remarks(_state(mixed))
    assert behind == f"of the commit {'a' * 12}, unchanged since or left there by --only: api"
    assert text.status_remarks(_state({**left, "busy": "deploy of 1a2b"}))[0] == "under way: deploy of 1a2b"
    live = {"unfinished": {"committed": True}, "busy": "deploy of 1a2b"}
    assert text.status_remarks(_state(live))[0].endswith("it is live, and what it replaced is being stopped")


@pytest.mark.parametrize(
    ("passed", "told"),
    [(0, "0 s"), (59, "59 s"), (60, "1 min"), (7100, "118 min"), (7200, "2 h"), (200_000, "2 d")],
)
def test_how_long_ago(passed: float, told: str) -> None:
    assert text.ago(NOW - passed, NOW) == told


def test_times_that_are_none_are_left_out() -> None:
    assert [text.ago(since, NOW) for since in (None, "", "0001-01-01", "yesterday at four o'clock")] == [
        "-"
    ] * 4


def test_history_says_how_each_ended_and_why() -> None:
    entry = {
        "kind": "deploy",
        "release": "000043",
        "previous": "000042",
        "revision": "f" * 40,
        "by": "alice",
        "began_at": NOW,
        "ended_at": NOW + 12.34,
        "status": "reverted",
        "error": {"what": "web is unhealthy"},
    }
    row = (
        "2027-01-15 08:00:00Z",
        "deploy",
        "000042 -> 000043",
        "f" * 12,
        "alice",
        "12.3 s",
        "reverted: web is unhealthy",
    )
    assert _rows(entry) == [row]
    keyed = {**entry, "key": f"SHA256:{'x' * 43}", "reason": "pages were slow"}
    assert _rows({**entry, "reason": "pages were slow"})[0][4] == "alice: pages were slow"
    assert _rows(keyed)[0][4] == "alice (SHA256:xxxxxxxx): pages were slow"
    # A rollback has ended for whoever asked for it when it serves.
    left = {**entry, "status": "unfinished", "error": None, "committed": True}
    assert _rows(left)[0][-1].startswith("live; what it replaced")
    assert _rows({**left, "committed": False})[0][-1] == "unfinished"
    assert _rows({**entry, "secrets": ["password", "token"]})[0][1] == "secret password, token"


def test_events_as_lines() -> None:
    phase = PhaseEvent("verify", FAILED, seconds=1.25, detail="web is unhealthy")
    assert console.event_lines(phase) == ["  failed verify 1.2s: web is unhealthy"]
    assert console.event_lines(replace(phase, state=BEGUN)) == []
    assert console.event_lines(Result("live", serving="000042")) == ["live: 000042 serves"]


@pytest.mark.parametrize(
    ("state", "told"),
    [
        ("healthy", ""),
        ("running", ""),
        ("starting", ""),
        ("none asked", ""),
        ("job", ""),
        ("unhealthy", "web is unhealthy"),
        ("stopped", "web is stopped"),
        ("partly stopped", "web is partly stopped"),
        ("missing", "web has no container"),
        ("restarting", "web was restarted once: "),
    ],
)
def test_a_service_that_is_not_well_is_a_trouble(state: str, told: str) -> None:
    found = text.find_troubles(_state({**STATE, "services": [{**STATE["services"][0], "state": state}]}))
    assert [told in one for one in found] == ([True] if told else [])


@pytest.mark.parametrize(
    ("container", "told"),
    [
        (
            {"running": True, "restarts": 1, "since": "2027-01-15T07:59:14.5Z"},
            "web was restarted once, 46 s ago: ",
        ),
        ({"running": True, "restarts": 2, "since": "2027-01-15T07:59:14.5Z"}, "over and over (2 times)"),
        ({"running": False, "restarts": 1}, "web has ended and is about to be started again: "),
        ({"running": False, "restarts": 0}, "web has ended and is about to be started again: "),
        ({"running": False, "restarts": 9}, "over and over (9 times)"),
    ],
)
def test_one_restart_is_not_many(container: dict[str, Any], told: str) -> None:
    service = {**STATE["services"][0], "state": "restarting", "containers": [{"running": True}, container]}
    (found,) = text.find_troubles(_state({**STATE, "services": [service]}), NOW)
    assert told in found


def test_a_page_that_users_do_not_get_is_a_trouble() -> None:
    told = "https://board.example.com/ answered 503"
    state = _state({**STATE, "unserved": [told]})
    assert text.find_troubles(state) == [told]
    assert told in console.render(state)
