from __future__ import annotations

import json
import os

import pytest

from fairlead.errors import CommandFailedError, InputError
from fairlead.image.registry.client import check_login, resolve_image
from lab.state import Lab


@pytest.fixture
def environ(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The environment of the lab, for skopeo as well."""
    monkeypatch.setenv("CONTAINERS_REGISTRIES_CONF", lab.environ["CONTAINERS_REGISTRIES_CONF"])
    return {**os.environ, **lab.environ}


def test_the_tag_of_a_foreign_image_is_resolved_through_mirrors(environ: dict[str, str]) -> None:
    found = resolve_image("debian:trixie-slim", environ=environ)
    architectures = [entry["platform"]["architecture"] for entry in json.loads(found.data)["manifests"]]
    assert sorted(architectures) == ["amd64", "arm64"]
    pinned = resolve_image(f"debian:trixie-slim@{found.digest}", environ=environ)
    assert pinned.digest == found.digest


def test_an_image_that_is_not_there_is_the_callers_input(lab: Lab, environ: dict[str, str]) -> None:
    with pytest.raises(InputError, match="is not in the registry"):
        resolve_image(f"{lab.registry}/library/debian:no-such-tag", environ=environ)
    with pytest.raises(InputError, match="is not in the registry"):
        resolve_image(f"{lab.registry}/no-such-app/api:x", environ=environ, registry=lab.registry + "/x")


def test_the_login_goes_to_the_apps_registry_only(lab: Lab, environ: dict[str, str]) -> None:
    without = {**environ, "FAIRLEAD_REGISTRY": "ghcr.io/acme/board"}
    with pytest.raises(CommandFailedError, match="refuses the login"):
        resolve_image(f"{lab.registry}/no-such-app/api:x", environ=without)


def test_a_login_is_tried_before_anything_is_built(lab: Lab, environ: dict[str, str]) -> None:
    """As for an image that nobody has pushed yet."""
    image = f"{lab.registry}/no-such-app/api"
    check_login(image, environ)
    with pytest.raises(CommandFailedError, match="refuses the login"):
        check_login(image, {**environ, "FAIRLEAD_REGISTRY_PASSWORD": "not-the-password"})
