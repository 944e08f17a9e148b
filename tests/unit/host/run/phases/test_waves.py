"""In which order what a release starts is started."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from fairlead.host.plan.actions import CREATE, START
from fairlead.host.run.context import Deploy
from fairlead.host.run.phases.start import plan_waves
from fairlead.host.wire.planned import Action
from tests.unit.host.samples import document, release, service


def _actions(home: str, **kinds: str) -> list[Action]:
    return [Action(name, "app", kind, "", "", home) for name, kind in kinds.items()]


@pytest.mark.parametrize("php", [START, CREATE])
def test_who_is_called_is_there_before_who_calls_it(php: str) -> None:
    """Nginx looks for its FastCGI program once, and ends where there is none."""
    services: dict[str, Any] = document()["services"]
    services["web"] = service("app", "web", together=True, calls=["php"])
    services["php"] = service("worker", "php", together=True)
    made: Any = SimpleNamespace(
        target=SimpleNamespace(release=release(services=services)), state=SimpleNamespace(next_id="000003")
    )
    deploy = cast("Deploy", made)
    waves = plan_waves(_actions("000001", web=START, php=php, api=START), deploy)
    assert [[one.service for one in wave] for wave in waves] == [["php"], ["web", "api"]]
    fresh = _actions("000003", web=START, php=START)
    assert plan_waves(fresh, deploy) == [fresh], "Compose knows the order by their links"
    assert plan_waves(_actions("000001", api=START), deploy) == [_actions("000001", api=START)]
