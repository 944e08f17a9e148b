"""What is said of data in volumes without a name, before anything of a release is started."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from fairlead.host.errors import InputFault
from fairlead.host.ledger import DEPLOY, ROLLBACK
from fairlead.host.phases.pull import run_pull
from tests.unit.host.samples import container, release, serving

VOLUME = "ab" * 32


def _context(*, platform: bool, declared: tuple[str, ...] = ("/data",), kind: str = DEPLOY) -> Any:
    """`web` was rolled, in a container with a volume of its own, and is to be started."""
    live = serving(release())
    state = replace(live, containers=(container("web", "000001", volumes=(VOLUME,)),))
    actions = {platform: [SimpleNamespace(service="web")], not platform: []}
    said: list[str] = []
    config: dict[str, Any] = {"Config": {"Volumes": {one: {} for one in declared}}}
    return SimpleNamespace(
        plan=SimpleNamespace(pull=[], kind=kind, of=lambda _, platform: actions[platform]),
        engine=SimpleNamespace(image=lambda _: config),
        state=state,
        target=SimpleNamespace(release=release()),
        credentials=None,
        host=SimpleNamespace(warn=said.append),
        said=said,
    )


def test_what_is_recreated_from_now_on_leaves_its_data_in_words() -> None:
    """An older Fairlead rolled what its own Dockerfile says writes to a volume: the last of it is there still."""
    context = _context(platform=True)
    run_pull(context)
    (said,) = context.said
    assert said.startswith("web begins with an empty /data")
    assert f"lies in the volume {VOLUME} of board-000001-web-1" in said


@pytest.mark.parametrize(
    "context",
    [_context(platform=True, declared=("/tmp",)), _context(platform=True, kind=ROLLBACK)],
    ids=["nothing that is kept", "a rollback"],
)
def test_nothing_is_said_where_nothing_is_lost(context: Any) -> None:
    run_pull(context)
    assert context.said == []


def test_what_is_rolled_is_refused_with_where_its_data_are() -> None:
    with pytest.raises(InputFault) as refused:
        run_pull(_context(platform=False))
    assert refused.value.details == (
        f"what it has kept so far lies in the volume {VOLUME} of board-000001-web-1",
    )
