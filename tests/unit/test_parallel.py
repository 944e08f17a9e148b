from __future__ import annotations

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
