from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.events import Event, Fault, parse_event
from app.domain.notice import render_headline, render_notice
from app.domain.releases import list_releases
from app.domain.retry import GIVE_UP_AFTER, judge_status, plan_retry
from app.domain.serving import judge_serving, parse_serving
from tests.unit.board.events import make_event


def refused(minute: int) -> Event:
    return make_event(
        minute,
        status="refused",
        release="000003",
        previous="000002",
        serving="000002",
        error=Fault("ill", "503"),
    )


def test_an_event_survives_its_document() -> None:
    for event in (make_event(), refused(1), make_event(release=None, serving=None, url=None, previous=None)):
        assert parse_event(event.to_document()) == event


def test_a_refused_release_leaves_the_one_before_serving_since_it_went_live() -> None:
    brought, last = make_event(0), refused(30)
    serving = judge_serving(last, [brought, last])
    assert (serving.release, serving.since, serving.troubled) == ("000002", brought.finished_at, True)
    assert parse_serving(serving.to_document()) == serving


def test_a_rolled_back_release_serves_since_the_rollback() -> None:
    first, rollback = make_event(0), make_event(60, kind="rollback")
    assert judge_serving(rollback, [first, rollback]).brought_by == rollback


def test_what_served_before_the_board_was_told_has_no_beginning() -> None:
    last = refused(5)
    assert judge_serving(last, []).since is None
    assert judge_serving(make_event(status="failed", serving=None), []).release is None


def test_releases_tell_how_they_ended_and_where_they_serve() -> None:
    other_host = make_event(2, host="eu-2")
    releases = list_releases([refused(9), make_event(0), other_host, refused(5)])
    assert [(r.id, r.outcome, r.attempts, r.serving_on) for r in releases] == [
        ("000003", "refused", 2, ()),
        ("000002", "live", 2, ("eu-1", "eu-2")),
    ]


@pytest.mark.parametrize(
    ("changes", "headline"),
    [
        ({}, "000002 is live"),
        ({"kind": "rollback"}, "rolled back to 000002"),
        ({"kind": "rollback", "status": "reverted"}, "rollback to 000002 failed, 000002 serves"),
        ({"status": "refused", "serving": "000001"}, "000002 was refused, 000001 serves"),
        ({"status": "reverted", "serving": "000001"}, "000002 was taken back, 000001 serves"),
        ({"status": "failed", "serving": None}, "deploy of 000002 failed, nothing serves"),
        ({"status": "unchanged"}, "nothing to do, 000002 serves"),
    ],
)
def test_the_notice_says_in_one_line_what_serves(changes: dict[str, Any], headline: str) -> None:
    assert render_headline(make_event(**changes)) == f"shop · production: {headline}"


def test_the_notice_is_what_slack_understands_and_links_to_the_deploy() -> None:
    notice = render_notice(refused(0), "https://board.example.com")
    (attachment,) = notice["attachments"]
    assert notice["text"] == attachment["fallback"]
    assert attachment["title_link"] == "https://board.example.com/events/00000000-0000-4000-8000-000000000000"
    assert {"title": "ill", "value": "503", "short": False} in attachment["fields"]


@given(attempt=st.integers(1, 10_000), jitter=st.floats(0, 1), asked=st.floats(0, 1e9))
def test_retries_wait_between_one_second_and_half_an_hour(attempt: int, jitter: float, asked: float) -> None:
    assert 1 <= plan_retry(attempt, jitter, asked) <= 1800


def test_retries_double_and_go_on_for_hours() -> None:
    assert [plan_retry(attempt, 0) for attempt in (1, 2, 3, 4)] == [2, 4, 8, 16]
    assert plan_retry(1, 0, asked=60) == 60
    assert sum(plan_retry(attempt, 1) for attempt in range(1, GIVE_UP_AFTER)) > 3 * 3600


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (200, "delivered"),
        (204, "delivered"),
        (302, "retry"),
        (404, "rejected"),
        (410, "rejected"),
        (429, "retry"),
        (500, "retry"),
    ],
)
def test_only_what_may_pass_is_tried_again(status: int, outcome: str) -> None:
    assert judge_status(status) == outcome
