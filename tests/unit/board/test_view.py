from __future__ import annotations

import hashlib
import re
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import app.web
from app.domain.events import Commit, Phase, parse_event
from app.domain.serving import judge_serving
from app.web.view import (
    Link,
    commit_url,
    group_cards,
    group_images,
    more_links,
    phase_names,
    plan_bars,
    plan_widths,
    render_ago,
    render_seconds,
)
from fairlead.host.wire.phases import MIGRATE, PHASES
from tests.unit.board.events import NOON, make_event

STATIC = Path(app.web.__file__).parent / "static"


def test_bars_follow_each_other_and_fill_the_width() -> None:
    bars = plan_bars([Phase("pull", "done", 6), Phase("platform", "skipped", 0), Phase("start", "done", 2)])
    assert [(bar.left, bar.width, bar.label) for bar in bars] == [
        (0, 75, "6.0 s"),
        (75, 0, "skipped"),
        (75, 25, "2.0 s"),
    ]


def test_a_short_phase_is_still_seen_within_the_width() -> None:
    *_, last = plan_bars([Phase("start", "done", 100), Phase("switch", "done", 0.001)])
    assert last.width >= 0.5
    assert last.left + last.width <= 100


def test_no_phases_and_phases_without_time_do_no_harm() -> None:
    assert plan_bars([]) == ()
    assert plan_bars([Phase("prepare", "done", 0)])[0].left == 0
    assert plan_widths([]) == ()
    assert plan_widths([make_event(phases=())]) == (4.0,)


def test_strips_are_as_wide_as_they_took_long() -> None:
    quick = make_event(phases=(Phase("start", "done", 5.0),))
    assert plan_widths([make_event(), quick]) == (100, 50)
    assert phase_names([quick, make_event()]) == ("pull", "start")


FULL = tuple(phase.name for phase in PHASES)
"""What a deploy to several hosts goes through."""
HELD = tuple(phase.name for phase in PHASES if phase.holds)


@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.integers(1, len(FULL))), max_size=5))
def test_phases_stand_in_the_order_of_the_events(others: list[tuple[bool, bool, int]]) -> None:
    events = [make_event(phases=tuple(Phase(name, "done", 1) for name in FULL))]
    for migrates, several, length in others:
        left_out = (() if migrates else (MIGRATE.name,)) + (() if several else HELD)
        ran = [name for name in FULL if name not in left_out][:length]
        events.insert(0, make_event(phases=tuple(Phase(name, "done", 1) for name in ran)))
    assert phase_names(events) == FULL


def test_every_phase_that_has_a_colour_exists() -> None:
    """Those in which a host waits for others have none of their own: nothing happens in them."""
    sheet = (Path(app.web.__file__).parent / "static" / "board.css").read_text(encoding="utf-8")
    assert set(re.findall(r"\.phase-(\w+)", sheet)) == set(FULL) - set(HELD)


def test_a_phase_that_only_one_event_has_stands_where_it_has_it() -> None:
    alone = [Phase(name, "done", 1) for name in FULL if name not in HELD]
    together = [Phase(name, "done", 1) for name in FULL[:10]]
    assert phase_names([make_event(phases=tuple(alone)), make_event(phases=tuple(together))]) == FULL


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.004, "4 ms"), (0.0996, "0.1 s"), (12.64, "12.6 s"), (99.99, "1 min 40 s"), (185, "3 min 05 s")],
)
def test_durations(seconds: float, text: str) -> None:
    assert render_seconds(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-5, "just now"),
        (4, "just now"),
        (59, "59 s ago"),
        (60, "1 min ago"),
        (7300, "2 h ago"),
        (200000, "2 d ago"),
    ],
)
def test_how_long_ago(seconds: int, text: str) -> None:
    assert render_ago(NOON, NOON + timedelta(seconds=seconds)) == text


def test_production_comes_first_and_hosts_that_differ_are_noticed() -> None:
    events = [
        make_event(environment="a-test"),
        make_event(host="eu-1"),
        make_event(host="eu-2", serving="000001", status="refused"),
    ]
    cards = group_cards(judge_serving(event, events) for event in events)
    assert [(card.name, len(card.hosts), card.agreed, card.troubled) for card in cards] == [
        ("production", 2, False, True),
        ("a-test", 1, True, False),
    ]


def test_services_of_one_image_share_a_line() -> None:
    assert group_images({"web": "b", "worker": "a", "api": "a"}) == (("api, worker", "a"), ("web", "b"))


def test_vendored_files_are_what_they_say() -> None:
    vendor = STATIC / "vendor"
    told = [
        line.split() for line in (vendor / "README.md").read_text().splitlines() if line.startswith("    ")
    ]
    assert {name for _, name in told} == {path.name for path in vendor.glob("*.js")}
    for checksum, name in told:
        assert hashlib.sha256((vendor / name).read_bytes()).hexdigest() == checksum


OLD, NEW = "1" * 40, "2" * 40


@pytest.mark.parametrize(
    ("source", "kind", "before", "url"),
    [
        (
            "https://github.com/a/b",
            "deploy",
            OLD,
            f"what changed https://github.com/a/b/compare/{OLD}...{NEW}",
        ),
        (
            "https://github.com/a/b/",
            "rollback",
            OLD,
            f"what was taken back https://github.com/a/b/compare/{NEW}...{OLD}",
        ),
        (
            "https://gitlab.example.com/a/b",
            "deploy",
            OLD,
            f"what changed https://gitlab.example.com/a/b/-/compare/{OLD}...{NEW}",
        ),
        ("https://github.com/a/b", "deploy", NEW, ""),
        ("https://github.com/a/b", "deploy", None, ""),
        (None, "deploy", OLD, ""),
    ],
)
def test_what_changed_is_between_two_commits(
    source: str | None, kind: str, before: str | None, url: str
) -> None:
    event = make_event(kind=kind, revision=NEW, commit=Commit(source=source, before=before))
    assert [f"{link.text} {link.url}" for link in more_links(event)] == ([url] if url else [])


def test_the_commit_and_the_job_are_linked_where_they_are_known() -> None:
    assert commit_url(NEW, Commit()) is None
    assert (
        commit_url(NEW, Commit(source="https://codeberg.org/a/b")) == f"https://codeberg.org/a/b/commit/{NEW}"
    )
    event = make_event(commit=Commit(run="https://github.com/a/b/actions/runs/7"))
    assert more_links(event) == (Link("the job", "https://github.com/a/b/actions/runs/7"),)


@pytest.mark.parametrize("source", ["https://[", "https://[a/b", "http://]/", "https://a]b/c/"])
def test_an_address_that_is_none_makes_no_page_fail(source: str) -> None:
    """It passes for one where events are taken, and its event is on the first page of everybody."""
    event = make_event(revision=NEW, commit=Commit(source=source, before=OLD))
    assert str(commit_url(NEW, event.commit)).startswith(source.rstrip("/"))
    assert len(more_links(event)) == 1


def test_an_event_of_before_the_commits_were_told_is_read() -> None:
    """By pages of this release, from the api of the one before."""
    event = make_event(commit=Commit("Mend it", "Ann", "https://github.com/a/b", None, OLD))
    document = event.to_document()
    assert parse_event(document) == event
    del document["commit"]
    assert parse_event(document).commit == Commit()
