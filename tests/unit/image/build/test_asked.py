from __future__ import annotations

from typing import Any

import pytest

from fairlead.image.build.asked import asked_of, is_on_loopback
from fairlead.tools.builder import Asked

PLAIN: dict[str, Any] = {
    "platforms": ["linux/amd64"],
    "attest": ["type=provenance,mode=min"],
    "output": ["type=oci,tar=false,dest=/w,name=ghcr.io/acme/board/api:sha-1"],
}


def definition(**changes: Any) -> dict[str, Any]:
    return {"target": {"web": {"output": PLAIN["output"]}, "api": {**PLAIN, **changes}}}


@pytest.mark.parametrize(
    ("changes", "asked"),
    [
        ({}, Asked(layout=True, attestations=True)),
        ({"attest": []}, Asked(layout=True)),
        (
            {"platforms": ["linux/amd64", "linux/arm64"]},
            Asked(layout=True, attestations=True, several_platforms=True),
        ),
        ({"cache-to": ["type=inline"]}, Asked(layout=True, attestations=True)),
        (
            {"cache-to": ["type=inline", "type=registry,ref=r/x:buildcache,mode=max"]},
            Asked(layout=True, attestations=True, cache_export=True),
        ),
        ({"cache-from": ["type=registry,ref=r/x"]}, Asked(layout=True, attestations=True)),
    ],
)
def test_what_a_definition_asks_of_its_builder(changes: dict[str, Any], asked: Asked) -> None:
    assert asked_of(definition(**changes)) == asked


@pytest.mark.parametrize(
    ("changes", "is_there"),
    [
        ({}, False),
        ({"cache-from": ["type=registry,ref=127.0.0.1:5080/x:buildcache"]}, True),
        ({"cache-to": ["type=registry,ref=localhost:5000/x:buildcache,mode=max"]}, True),
        ({"cache-to": ["type=registry,ref=127.0.0.1.example.com/x:buildcache"]}, False),
        ({"contexts": {"debian": "docker-image://127.0.0.1:5080/library/debian", "more": "./more"}}, True),
        ({"contexts": {"debian": "docker-image://debian", "more": "./127.0.0.1:5080/more"}}, False),
    ],
)
def test_a_registry_of_this_machine_is_known(changes: dict[str, Any], is_there: bool) -> None:
    assert is_on_loopback(definition(**changes)) is is_there
