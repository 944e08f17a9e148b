"""What is advised where a program may only take longer to start."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.host.engine.containers import parse_container
from fairlead.host.watch.diagnose import advise_start, advise_staying
from tests.unit.host.samples import container


@given(st.floats(0.1, 5000), st.floats(0, 1000))
def test_the_value_is_larger_than_what_was_too_small(patience: float, period: float) -> None:
    one = container("web", health="unhealthy", patience=patience, start_period=period)
    (wanted,) = re.findall(r"{start_period: (\d+)s", advise_start([one]))
    assert int(wanted) >= patience
    (limit,) = re.findall(r"{start_timeout: (\d+)s}", advise_start([one], patience))
    assert int(limit) >= patience


def test_nothing_is_advised_to_one_that_crashed() -> None:
    assert advise_start([container("web", running=False, exit_code=1)]) == ""


def test_one_that_ended_well_is_told_how_to_stay() -> None:
    assert "loop" in advise_staying(True)
    assert advise_staying(False) == ""


@pytest.mark.parametrize(
    ("check", "start_period", "patience"),
    [
        ({"Test": ["CMD", "x"]}, 0.0, 90.0),
        ({"Test": ["CMD", "x"], "StartPeriod": 20 * 10**9, "Interval": 10**9, "Retries": 5}, 20.0, 25.0),
    ],
)
def test_what_a_check_leaves_a_program_is_read_with_the_engines_defaults(
    check: dict[str, object], start_period: float, patience: float
) -> None:
    one = parse_container(
        {"Id": "x", "Name": "/web", "Image": "sha256:1", "State": {}, "Config": {"Healthcheck": check}}
    )
    assert (one.start_period, one.patience) == (start_period, patience)
