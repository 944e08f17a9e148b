"""A target that was counted from what serves is another one where something else does."""

from __future__ import annotations

from typing import Optional

import pytest

from fairlead.host.plan.target import refuse_moved
from fairlead.host.wire.errors import InputFault


@pytest.mark.parametrize(("live", "serving"), [("000014", None), ("000014", "000014"), (None, None)])
def test_what_serves_is_what_it_was_counted_from(live: Optional[str], serving: Optional[str]) -> None:
    refuse_moved(live, serving)


@pytest.mark.parametrize("live", ["000015", None])
def test_another_one_serves_by_now(live: Optional[str]) -> None:
    with pytest.raises(InputFault) as refused:
        refuse_moved(live, "000014")
    assert "not 000014, from which it was counted" in refused.value.what
