"""What is said of data in volumes without a name, before anything of a release is started."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from fairlead.host.disk.ledger import DEPLOY, ROLLBACK, Rotation
from fairlead.host.run.phases.pull import run_pull
from fairlead.host.wire.errors import InputFault
from fairlead.host.wire.request import Options
from tests.unit.host.samples import container, release, serving

VOLUME = "ab" * 32


def _deploy(
    *,
    platform: bool,
    declared: tuple[str, ...] = ("/data",),
    kind: str = DEPLOY,
    rotations: Any = None,
    accepted: tuple[str, ...] = (),
) -> Any:
    """`web` was rolled, in a container with a volume of its own, and is to be started."""
    live = serving(release())
    state = replace(live, containers=(container("web", "000001", volumes=(VOLUME,)),))
    actions = {platform: [SimpleNamespace(service="web")], not platform: []}
    said: list[str] = []
    config: dict[str, Any] = {"Config": {"Volumes": {one: {} for one in declared}}}
    return SimpleNamespace(
        plan=SimpleNamespace(
            pull=[], kind=kind, rotations=rotations or {}, of=lambda _, platform: actions[platform]
        ),
        engine=SimpleNamespace(image=lambda _: config),
        state=state,
        options=Options(accept_recreate=accepted),
        target=SimpleNamespace(release=release()),
        request=SimpleNamespace(credentials=None),
        host=SimpleNamespace(warn=said.append),
        said=said,
    )


def test_what_is_recreated_from_now_on_leaves_its_data_in_words() -> None:
    """An older Fairlead rolled what its own Dockerfile says writes to a volume: the last of it is there still."""
    deploy = _deploy(platform=True)
    run_pull(deploy)
    (said,) = deploy.said
    assert said.startswith("web begins with an empty /data")
    assert f"lies in the volume {VOLUME} of board-000001-web-1" in said


@pytest.mark.parametrize(
    "deploy",
    [_deploy(platform=True, declared=("/tmp",)), _deploy(platform=True, kind=ROLLBACK)],
    ids=["nothing that is kept", "a rollback"],
)
def test_nothing_is_said_where_nothing_is_lost(deploy: Any) -> None:
    run_pull(deploy)
    assert deploy.said == []


def test_what_is_rolled_is_refused_with_where_its_data_are() -> None:
    with pytest.raises(InputFault) as refused:
        run_pull(_deploy(platform=False))
    assert refused.value.details == (
        f"what it has kept so far lies in the volume {VOLUME} of board-000001-web-1",
    )


def test_new_values_for_who_keeps_data_are_refused_with_the_way_that_gives_them() -> None:
    """It runs, as an older Fairlead let it; a leaked password is not to wait for a file that is mended."""
    rotations = {"password": Rotation("000002", "b" * 64, frozenset())}
    with pytest.raises(InputFault) as refused:
        run_pull(_deploy(platform=False, rotations=rotations))
    assert "started anew with the new value it would begin with an empty one" in refused.value.what
    assert "deploy that, and set the value then" in refused.value.fix
    assert "--accept-recreate web" in refused.value.fix
    accepted = _deploy(platform=False, rotations=rotations, accepted=("web",))
    run_pull(accepted)
    (said,) = accepted.said
    assert f"web begins with an empty /data; what it has written so far lies in the volume {VOLUME}" in said


def test_a_deploy_is_not_let_through_by_what_a_rotation_may() -> None:
    with pytest.raises(InputFault, match="each release would begin with an empty one"):
        run_pull(_deploy(platform=False, accepted=("web",)))
