from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.parallel import each


@given(st.lists(st.integers(), max_size=20), st.none() | st.integers(1, 4))
def test_answers_stand_as_the_items_do(items: list[int], at_once: int | None) -> None:
    assert each(lambda item: item * 2, iter(items), at_once=at_once) == [item * 2 for item in items]


def test_the_first_error_in_the_order_of_the_items_is_told() -> None:
    def call(item: int) -> None:
        if item % 2:
            raise ValueError(item)

    with pytest.raises(ValueError, match=r"^1$"):
        each(call, range(4))


def test_an_item_is_done_whatever_became_of_those_before_it() -> None:
    """The logs of a server are shown though another is down."""
    done: list[int] = []

    def call(item: int) -> None:
        done.append(item)
        if item < 2:
            raise ValueError(item)

    with pytest.raises(ValueError, match=r"^0$"):
        each(call, range(4), at_once=1)
    assert done == [0, 1, 2, 3]


def test_none_is_begun_after_a_failure_where_one_is_worth_nothing_without_the_others() -> None:
    done: list[int] = []

    def call(item: int) -> None:
        done.append(item)
        if item == 2:
            raise ValueError(item)

    with pytest.raises(ValueError, match=r"^2$"):
        each(call, range(40), at_once=1, fail_fast=True)
    assert done == [0, 1, 2]


def test_an_interrupt_begins_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is under way ends, as the one thread has it; the others stay undone."""
    done: list[int] = []
    began, goes_on = Event(), Event()

    def call(item: int) -> None:
        done.append(item)
        began.set()
        goes_on.wait()

    def interrupt(*_: object) -> None:
        began.wait()
        raise KeyboardInterrupt

    class Pool(ThreadPoolExecutor):
        def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
            goes_on.set()
            super().shutdown(wait, cancel_futures=cancel_futures)

    monkeypatch.setattr("fairlead.parallel.wait", interrupt)
    monkeypatch.setattr("fairlead.parallel.ThreadPoolExecutor", Pool)
    with pytest.raises(KeyboardInterrupt):
        each(call, range(4), at_once=1)
    assert done == [0]
