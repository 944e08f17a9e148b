from __future__ import annotations

import json

from fairlead.cli.status import _published
from fairlead.errors import CommandFailedError, InputError
from fairlead.image.registry.client import Resolved
from tests.unit.image.indexes import INDEX


def test_the_link_published_is_broken_by_an_index_that_is_not_ours() -> None:
    ours = Resolved("r", INDEX.data)
    assert _published(lambda _: ours, "a" * 40, "r").broken == ""
    value = INDEX.value()
    twice = Resolved(
        "r", json.dumps({**value, "manifests": [value["manifests"][0], *value["manifests"]]}).encode()
    )
    link = _published(lambda _: twice, "a" * 40, "r")
    assert link.digest == twice.digest
    assert "two images for linux/amd64" in link.broken


def test_a_registry_that_does_not_tell_is_no_contradiction() -> None:
    for error in (InputError("x"), CommandFailedError("the registry is down")):

        def fail(_: str, error: Exception = error) -> Resolved:
            raise error

        link = _published(fail, "a" * 40, "r")
        assert (link.digest, link.broken) == (None, "")
        assert link.note
