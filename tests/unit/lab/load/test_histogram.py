from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.load.histogram import Histogram, bucket_of, merged, upper_bound

MICROSECONDS = st.integers(0, 10**9)


@given(MICROSECONDS)
def test_a_bucket_ends_less_than_two_percent_above_what_is_in_it(value: int) -> None:
    assert value <= upper_bound(bucket_of(value)) <= value * 1.016


@given(MICROSECONDS)
def test_buckets_follow_each_other_without_a_gap(value: int) -> None:
    bucket = bucket_of(value)
    assert bucket_of(upper_bound(bucket)) == bucket
    assert bucket_of(upper_bound(bucket) + 1) == bucket + 1


def test_percentiles_are_those_of_the_values() -> None:
    histogram = Histogram()
    for milliseconds in range(1, 1001):
        histogram.add(milliseconds / 1000)
    assert histogram.percentile(50) == pytest.approx(0.5, rel=0.02)
    assert histogram.percentile(99) == pytest.approx(0.99, rel=0.02)
    assert histogram.percentile(100) == pytest.approx(1.0, rel=0.02)
    assert histogram.total == 1000


def test_one_slow_request_in_a_hundred_is_the_hundredth_percentile_and_not_the_99th() -> None:
    histogram = Histogram({bucket_of(1000): 99, bucket_of(1_000_000): 1})
    assert histogram.percentile(99) < 0.0011
    assert histogram.percentile(99.1) > 0.9


@given(st.lists(MICROSECONDS, min_size=1), st.lists(MICROSECONDS, min_size=1))
def test_histograms_add_up(one: list[int], other: list[int]) -> None:
    parts = [Histogram(), Histogram()]
    whole = Histogram()
    for part, values in zip(parts, (one, other), strict=True):
        for value in values:
            part.add(value / 1e6)
            whole.add(value / 1e6)
    assert merged(parts).counts == whole.counts


def test_nothing_counted_is_zero() -> None:
    assert Histogram().summary() == {"p50": 0, "p90": 0, "p99": 0, "p99.9": 0, "max": 0}
