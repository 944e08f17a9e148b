"""An image of ours is pulled by the manifest of this host's own platform."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest

from fairlead.host.disk.paths import app_paths
from fairlead.host.plan import preflight
from fairlead.host.plan.changes import explain_change
from fairlead.host.plan.plan import plan_deploy
from fairlead.host.plan.preflight import platform_faults
from fairlead.host.shape.project import render_release_project
from fairlead.host.state.shown import digest_of
from fairlead.host.wire.document import parse_release
from fairlead.host.wire.errors import InputFault
from fairlead.host.wire.reading import service as reader
from fairlead.host.wire.release import Release, local_image
from tests.unit.host.samples import container, document, image, nothing, service, serving

ARM, AMD = "sha256:" + "c" * 64, "sha256:" + "d" * 64
PLATFORMS = {"linux/amd64": AMD, "linux/arm64": ARM}


@pytest.fixture(autouse=True)
def on_arm(monkeypatch: pytest.MonkeyPatch) -> None:
    """This host is an ARM one."""
    monkeypatch.setattr(reader, "own_platform", lambda: "linux/arm64")


def release(**fields: Any) -> Release:
    made = document()
    made["services"]["web"] = service("app", "web", platforms=PLATFORMS, **fields)
    return parse_release(made)


def test_this_host_runs_the_manifest_of_its_own_platform() -> None:
    web = release(pull="manifest").services["web"]
    assert web.image == f"ghcr.io/acme/board/web@{ARM}"
    assert web.pinned == image("web")
    assert web.digest == "sha256:" + "a" * 64
    assert web.digests == {ARM, web.digest}
    assert web.definition["image"] == web.image


def test_a_release_of_an_older_client_is_pulled_by_its_index_as_it_always_was() -> None:
    web = release().services["web"]
    assert web.image == web.pinned == image("web")
    assert web.digests == {web.digest}


def test_an_image_of_somebody_else_stays_as_it_is_pinned() -> None:
    made = document()
    made["services"]["db"] = service("state", "db", platforms={}, pull="manifest")
    assert parse_release(made).services["db"].image == image("db")


def test_the_choice_stays_with_the_engine_where_no_platform_is_this_one() -> None:
    assert local_image("r@sha256:i", {"linux/arm/v7": "sha256:m"}, "linux/arm/v6") == "r@sha256:i"


def test_how_to_pull_is_one_of_two_words() -> None:
    with pytest.raises(InputFault, match="does not hold"):
        release(pull="latest")


def test_the_plan_pulls_by_manifest_and_shows_what_the_release_names() -> None:
    made = release(pull="manifest")
    plan = plan_deploy(made, nothing())
    assert f"ghcr.io/acme/board/web@{ARM}" in plan.pull
    assert image("web") not in plan.pull
    assert next(one for one in plan.actions if one.service == "web").image == image("web")


def test_the_project_names_the_manifest() -> None:
    project = render_release_project(
        release(pull="manifest"), "000001", app_paths(Path("/r"), "board"), {"web"}
    )
    assert project["services"]["web-000001"]["image"] == f"ghcr.io/acme/board/web@{ARM}"


def test_the_same_image_pulled_in_another_way_is_no_new_one() -> None:
    old, new = release(), release(pull="manifest")
    one, other = (made.services["web"] for made in (old, new))
    assert (
        explain_change(one, dataclasses.replace(other, hash="f" * 64), old, new) == "its definition changed"
    )


def test_a_container_of_the_manifest_is_one_of_the_release() -> None:
    made = release(pull="manifest")
    state = serving(made)
    one = container("web", "000001")
    web = made.services["web"]
    assert web.digest is not None
    for known, said in (((ARM,), web.digest), ((web.digest,), web.digest), ((AMD,), AMD), ((), one.image_id)):
        told = dataclasses.replace(state, digests={one.image_id: known})
        assert digest_of(told, one, web) == said


def test_an_engine_of_another_architecture_than_the_host_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight, "own_platform", lambda: "linux/arm64")
    made = release(pull="manifest")
    told = [str(fault) for fault in platform_faults(made, "linux", "amd64")]
    assert any("this host is linux/arm64" in one for one in told)
    assert not any("this host is" in str(fault) for fault in platform_faults(made, "linux", "arm64"))
