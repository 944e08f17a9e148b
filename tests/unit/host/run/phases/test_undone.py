"""What is said, and what is dropped, of the services that an undone release had recreated."""

from __future__ import annotations

from typing import Any

import pytest

from fairlead.host.run.phases.undone import keeps_data, late_of
from fairlead.host.wire import labels


def _service(role: str, *volumes: dict[str, Any]) -> dict[str, Any]:
    return {"labels": {labels.ROLE: role}, "volumes": list(volumes)}


VOLUME = {"type": "volume", "source": "data", "target": "/data"}
FOLDER = {"type": "bind", "source": "/srv/x", "target": "/data", "read_only": False}


@pytest.mark.parametrize(
    ("service", "kept"),
    [
        (_service("app", VOLUME), True),
        (_service("state", FOLDER), True),
        (_service("app", {**VOLUME, "read_only": True}), False),
        (_service("app", {**FOLDER, "read_only": True}), False),
        (_service("app", {"type": "tmpfs", "target": "/tmp"}), False),
        (_service("worker"), False),
        # Its certificates are no data of the app's.
        (_service("proxy", VOLUME), False),
        ({"labels": {labels.ROLE: "ops"}}, False),
    ],
)
def test_whose_data_do_not_go_back(service: dict[str, Any], kept: bool) -> None:
    assert keeps_data(service) == kept


def test_code_of_a_release_is_told_from_what_the_next_attempt_needs() -> None:
    services = {"web": _service("app"), "queue": _service("worker"), "db": _service("state")}
    project = {"services": {**services, "fairlead-resources": {"image": "x"}}}
    assert late_of(project, ["db", "web", "queue", "new", "fairlead-resources"]) == ["web", "queue"]
    assert late_of({}, ["web"]) == []
