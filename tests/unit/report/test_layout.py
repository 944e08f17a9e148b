"""Durations, tables and the timeline as text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.report.layout import render_seconds, render_table, render_timeline


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0.0s"),
        (0.34, "0.3s"),
        (59.94, "59.9s"),
        (59.96, "1m 00s"),
        (187, "3m 07s"),
        (3599.6, "1h 00m"),
        (3720, "1h 02m"),
    ],
)
def test_a_duration_reads_well(seconds: float, text: str) -> None:
    assert render_seconds(seconds) == text


def test_columns_are_aligned_and_nothing_trails() -> None:
    assert render_table(["name", "digest"], [["api", "sha256:1"], ["migrate", ""]]) == [
        "name     digest",
        "api      sha256:1",
        "migrate",
    ]


def test_a_short_row_is_no_fault() -> None:
    assert render_table(["a", "b"], [["1"]]) == ["a  b", "1"]


def test_each_bar_begins_where_the_one_before_ended() -> None:
    lines = render_timeline(
        [
            ("pull", "done", 2.0),
            ("migrate", "skipped", 0.0),
            ("start", "done", 1.0),
            ("verify", "failed", 1.0),
        ],
        fill="#",
    )
    assert lines == [
        "pull        2.0s  ####################",
        "migrate        -",
        "start       1.0s                      ##########",
        "verify      1.0s                                ########## FAILED",
        "total       4.0s",
    ]


def test_a_timeline_of_nothing_is_nothing() -> None:
    assert render_timeline([]) == []


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["pull", "start", "verify"]),
            st.sampled_from(["done", "skipped", "failed"]),
            st.floats(min_value=0, max_value=1e5),
        ),
        max_size=12,
    )
)
def test_no_bar_is_wider_than_the_timeline(phases: list[tuple[str, str, float]]) -> None:
    for line in render_timeline(phases):
        assert len(line.removesuffix(" FAILED")) <= 6 + 2 + 7 + 2 + 40
