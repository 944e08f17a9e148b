from __future__ import annotations

from typing import Any

import pytest

from fairlead.app.definition import clean_definition
from fairlead.app.model import Role, Service


def cleaned(definition: dict[str, Any], role: Role = "app") -> dict[str, Any]:
    service = Service(name="it", role=role, why="", definition=definition)
    return clean_definition(service, (), ())


def test_what_builds_names_or_orders_is_left_behind() -> None:
    definition = {
        "build": {"context": "."},
        "develop": {},
        "profiles": ["a"],
        "depends_on": {"db": {}},
        "container_name": "it",
        "pull_policy": "always",
        "x-fairlead": {},
        "x-other": 1,
        "command": None,
        "placement": {},
        "user": "1000",
    }
    assert cleaned(definition) == {"user": "1000", "restart": "unless-stopped"}


def test_a_variable_without_a_value_is_not_filled_in_by_the_server() -> None:
    assert cleaned({"environment": {"A": "1", "HOME": None}})["environment"] == {"A": "1"}


@pytest.mark.parametrize(
    ("definition", "restart"),
    [
        ({}, "unless-stopped"),
        ({"restart": "always"}, "unless-stopped"),
        ({"restart": "on-failure:3"}, "on-failure:3"),
        ({"restart": "no"}, "no"),
        ({"deploy": {"restart_policy": {"condition": "any"}}}, "unless-stopped"),
        ({"restart": "always", "deploy": {"restart_policy": {"condition": "none"}}}, "no"),
        ({"deploy": {"restart_policy": {"condition": "on-failure", "max_attempts": 2}}}, "on-failure:2"),
    ],
)
def test_what_was_stopped_stays_so_and_the_rest_survives_a_reboot(
    definition: dict[str, Any], restart: str
) -> None:
    """With ``always`` a retired release would come back with the engine."""
    clean = cleaned(definition)
    assert clean["restart"] == restart
    assert "deploy" not in clean


def test_a_job_never_restarts() -> None:
    assert cleaned({"restart": "always"}, role="job")["restart"] == "no"


def test_the_definition_shares_nothing_with_the_model() -> None:
    model = {"environment": {"A": "1"}, "labels": {"a": "b"}}
    cleaned(model)["labels"]["a"] = "c"
    assert model["labels"] == {"a": "b"}
