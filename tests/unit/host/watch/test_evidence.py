"""Of what a container leaves behind, the one line that says most."""

from __future__ import annotations

from typing import Any

import pytest

from fairlead.host.watch.evidence import explain_container
from tests.unit.host.samples import container

_PRINTED = ("a passing check", "web: starting", "web: Error: the file is missing")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, "a passing check"),
        # The engine has started it again, and it is well for as long as it takes.
        ({"restarts": 1}, "web: Error: the file is missing"),
        ({"restarting": True}, "web: Error: the file is missing"),
        ({"running": False}, "web: Error: the file is missing"),
    ],
)
def test_one_that_has_died_is_explained_by_its_last_words(changes: dict[str, Any], told: str) -> None:
    one = container("web", health_log=("a passing check",), **changes)
    assert explain_container(one, _PRINTED) == told
