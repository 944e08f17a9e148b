"""A commit that leaves an image as it is leaves the service alone that would have a gap for it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from fairlead.app.layout import lay_out
from fairlead.app.load import load_app
from fairlead.app.model import ComposeApp
from fairlead.app.split import Pin, split
from fairlead.errors import CommandFailedError, InputError
from fairlead.host.wire.answer import parse_answer
from fairlead.host.wire.status import StateAnswer
from fairlead.image.registry.client import Resolved
from fairlead.release.unchanged import find_unchanged, running_pins
from fairlead.settings.images import ImageSettings
from fairlead.settings.values import Environment, Settings
from tests.unit.image.indexes import Sample, digest

OLD, NEW = "a" * 40, "b" * 40
REPOSITORY = "r.io/a/app"
COMPOSE = """\
services:
  web: {image: "${FAIRLEAD_REGISTRY}/app:${FAIRLEAD_TAG}", expose: ["8000"]}
  notes: {image: "${FAIRLEAD_REGISTRY}/app:${FAIRLEAD_TAG}", expose: ["9000"], volumes: ["data:/data"]}
  migrate: {image: "${FAIRLEAD_REGISTRY}/app:${FAIRLEAD_TAG}", x-fairlead: {role: job}}
volumes: {data: {}}
"""


@dataclass
class Registry:
    """Two builds of an image for two platforms: the ``older`` of the commit that runs, and the one of this commit."""

    older: Sample = field(
        default_factory=lambda: Sample({"linux/amd64": digest(1), "linux/arm64": digest(2)})
    )
    newer: Sample = field(
        default_factory=lambda: Sample({"linux/amd64": digest(3), "linux/arm64": digest(4)})
    )
    changed: str = ""
    gone: bool = False
    down: bool = False
    asked: int = 0

    def pin(self, sample: Sample) -> Pin:
        return Pin(REPOSITORY, Resolved("r", sample.data).digest, sample.platforms)

    def resolve(self, reference: str) -> Resolved:
        self.asked += 1
        if self.gone:
            raise InputError("it is not in the registry")
        assert reference == self.pin(self.older).reference
        return Resolved(reference, self.older.data)

    def config(self, reference: str, platform: str) -> Mapping[str, Any]:
        self.asked += 1
        if self.down:
            raise CommandFailedError("the registry does not answer")
        of = reference.partition("@")[2]
        ours = of in self.newer.platforms.values()
        assert of == (self.newer if ours else self.older).platforms[platform]
        program = "new" if ours and platform == self.changed else "old"
        labels = {"org.opencontainers.image.revision": NEW if ours else OLD}
        return {"config": {"Labels": labels}, "rootfs": {"diff_ids": [platform, program]}}


def app_in(root: Path) -> ComposeApp:
    (root / "compose.yaml").write_text(COMPOSE)
    settings = Settings(
        path=root / "fairlead.yaml",
        root=root,
        app="board",
        registry="r.io/a",
        compose=(root / "compose.yaml",),
        images={"app": ImageSettings(name="app", dockerfile=root / "Dockerfile", context=root)},
    )
    environment = Environment(name="production", hosts=())
    return load_app(settings, environment, registry="r.io/a", tag=f"sha-{NEW}", revision=NEW)


def state_of(pin: Pin, *, revision: str | None = OLD, **more: Any) -> dict[str, Any]:
    one = {"image": pin.reference, "platforms": dict(pin.platforms), "revision": revision, **more}
    return {"services": [{"service": name, **one} for name in ("web", "notes", "migrate")]}


def kept_of(root: Path, registry: Registry, state: Mapping[str, Any] | None = None) -> dict[str, Pin]:
    own = {"app": registry.pin(registry.newer)}
    given = state_of(registry.pin(registry.older)) if state is None else state
    answer = parse_answer(StateAnswer, given)
    return find_unchanged(app_in(root), own, answer, registry.resolve, registry.config)


def test_who_alone_may_run_goes_on_and_what_is_rolled_has_the_image_of_the_commit(tmp_path: Path) -> None:
    registry = Registry()
    kept = kept_of(tmp_path, registry)
    older, newer = registry.pin(registry.older), registry.pin(registry.newer)
    assert kept == {"notes": Pin(REPOSITORY, older.digest, older.platforms, OLD)}
    parts = split(lay_out(app_in(tmp_path)), own={"app": newer}, kept=kept)
    found = {name: (one["image"], one.get("revision")) for name, one in parts.services.items()}
    assert found["notes"] == (older.reference, OLD)
    assert found["web"] == found["migrate"] == (newer.reference, None)
    before = split(lay_out(app_in(tmp_path)), own={"app": older})
    assert parts.services["notes"]["hash"] == before.services["notes"]["hash"]
    assert parts.services["notes"]["platforms"] == older.platforms


@pytest.mark.parametrize("platform", ["linux/amd64", "linux/arm64"])
def test_a_difference_on_one_platform_is_one(tmp_path: Path, platform: str) -> None:
    assert kept_of(tmp_path, Registry(changed=platform)) == {}


def test_what_is_for_other_platforms_is_another_image(tmp_path: Path) -> None:
    assert kept_of(tmp_path, Registry(older=Sample({"linux/amd64": digest(1)}))) == {}


@pytest.mark.parametrize("registry", [Registry(gone=True), Registry(down=True)])
def test_what_no_other_server_could_pull_is_not_gone_on_with(tmp_path: Path, registry: Registry) -> None:
    assert kept_of(tmp_path, registry) == {}


@pytest.mark.parametrize(
    "state",
    [
        {"services": []},
        {},
        state_of(Pin("r.io/b/app", digest(9))),
        state_of(Pin(REPOSITORY, digest(9)), revision=None),
        state_of(Pin(REPOSITORY, digest(9)), revision="../x"),
        {"services": [{"service": "notes", "image": REPOSITORY}]},
    ],
)
def test_a_server_that_runs_none_of_ours_is_not_asked_about(tmp_path: Path, state: dict[str, Any]) -> None:
    registry = Registry()
    assert kept_of(tmp_path, registry, state) == {}
    assert registry.asked == 0


def test_the_very_image_of_the_commit_needs_no_comparison(tmp_path: Path) -> None:
    registry = Registry()
    assert kept_of(tmp_path, registry, state_of(registry.pin(registry.newer))) == {}
    assert registry.asked == 0


def test_the_same_release_again_is_the_same(tmp_path: Path) -> None:
    """The commit that a service is of stays the one that it was built from, however many leave it as it is."""
    registry = Registry()
    kept = kept_of(tmp_path, registry)
    again = state_of(kept["notes"], revision=kept["notes"].revision)
    assert kept_of(tmp_path, registry, json.loads(json.dumps(again))) == kept


def test_what_is_asked_before_the_build_is_each_service_as_it_runs(tmp_path: Path) -> None:
    """Two services of one image may run different ones; neither looks changed before there is anything new."""
    registry = Registry()
    older, newer = registry.pin(registry.older), registry.pin(registry.newer)
    web = {"service": "web", "image": newer.reference, "platforms": dict(newer.platforms), "revision": NEW}
    state = {"services": [web, *state_of(older)["services"][1:]]}
    pins = running_pins(app_in(tmp_path), parse_answer(StateAnswer, state))
    assert {name: (pin.digest, pin.revision) for name, pin in pins.items()} == {
        "web": (newer.digest, ""),
        "notes": (older.digest, OLD),
        "migrate": (older.digest, OLD),
    }
