"""Small documents beside an image."""

from __future__ import annotations

import json
from typing import Any

import pytest

from fairlead.errors import CommandFailedError
from fairlead.image.oci.manifests import MANIFEST_TYPE, UnfitError, digest_of
from fairlead.image.registry import link
from fairlead.image.registry.artifact import artifact_tag, put_artifact, read_artifact
from fairlead.image.registry.client import Registry
from tests.unit.image.registry.double import HOST, Double, errors

KIND = "application/vnd.example.v1+json"
TAG = artifact_tag(f"sha256:{'a' * 64}", "scan")
PLACE = f"{HOST}/acme/api:{TAG}"


@pytest.fixture
def double(monkeypatch: pytest.MonkeyPatch) -> Double:
    made = Double()
    monkeypatch.setattr(link, "open_session", made.session)
    monkeypatch.setattr("time.sleep", lambda _: None)
    return made


@pytest.fixture
def registry(double: Double) -> Registry:
    return Registry(lambda _: None)


def read(registry: Registry, largest: int = 100) -> bytes | None:
    return read_artifact(registry, PLACE, KIND, largest)


def test_what_was_put_is_read_and_the_same_is_written_once(double: Double, registry: Registry) -> None:
    assert read(registry) is None
    assert put_artifact(registry, PLACE, KIND, b"one")
    assert read(registry) == b"one"
    writes = [call for call in double.calls if not call.startswith(("GET", "HEAD"))]
    assert not put_artifact(registry, PLACE, KIND, b"one")
    assert [call for call in double.calls if not call.startswith(("GET", "HEAD"))] == writes
    assert put_artifact(registry, PLACE, KIND, b"two")
    assert read(registry) == b"two"


def test_its_tag_names_the_image_as_those_of_signatures_do(double: Double, registry: Registry) -> None:
    put_artifact(registry, PLACE, KIND, b"one")
    body, media_type = double.manifests["acme/api", f"sha256-{'a' * 64}.scan"]
    assert (media_type, json.loads(body)["artifactType"]) == (MANIFEST_TYPE, KIND)
    # An engine that is told to run it has nothing to run: https://github.com/opencontainers/image-spec/blob/main/manifest.md
    assert json.loads(body)["config"]["mediaType"] == "application/vnd.oci.empty.v1+json"


@pytest.mark.parametrize(
    "changed",
    [
        {"layers": []},
        {"layers": None},
        {"layers": [{}, {}]},
        {"layers": [{"mediaType": "text/html", "digest": digest_of(b"one"), "size": 3}]},
        {"layers": [{"mediaType": KIND, "digest": "sha256:1", "size": 3}]},
        {"layers": [{"mediaType": KIND, "digest": digest_of(b"one"), "size": 101}]},
        {"layers": [{"mediaType": KIND, "digest": digest_of(b"other"), "size": 3}]},
    ],
)
def test_what_is_something_else_is_refused(double: Double, registry: Registry, changed: Any) -> None:
    put_artifact(registry, PLACE, KIND, b"one")
    body = json.loads(double.manifests["acme/api", TAG][0])
    double.manifests["acme/api", TAG] = (json.dumps({**body, **changed}).encode(), MANIFEST_TYPE)
    double.blobs["acme/api", digest_of(b"other")] = b"not that"
    with pytest.raises(UnfitError):
        read(registry)


def test_a_body_larger_than_its_manifest_says_is_not_read(double: Double, registry: Registry) -> None:
    put_artifact(registry, PLACE, KIND, b"one")
    double.blobs["acme/api", digest_of(b"one")] = b"x" * 1000
    with pytest.raises(CommandFailedError, match="failed at"):
        read(registry)


@pytest.mark.parametrize("method", ["POST", "PUT"])
def test_a_registry_that_refuses_is_told(double: Double, registry: Registry, method: str) -> None:
    double.faults[method, "acme/api"] = [(403, errors("DENIED", "no"))] * 9
    with pytest.raises(CommandFailedError, match="refuses the login"):
        put_artifact(registry, PLACE, KIND, b"one")
