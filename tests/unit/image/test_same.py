"""Two images are the same where only their making differs; anything that a container could notice is a difference."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.image.same import OWN_LABELS, is_same_image

Config = dict[str, Any]
WORDS = st.text("ab", max_size=2)


def config(**more: Any) -> Config:
    return {
        "created": "2026-01-01T00:00:00Z",
        "architecture": "amd64",
        "os": "linux",
        "config": {
            "User": "10001",
            "Env": ["PATH=/bin"],
            "Labels": {"org.opencontainers.image.revision": "a" * 40, "org.example.tier": "front"},
        },
        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + "1" * 64]},
        "history": [{"created": "2026-01-01T00:00:00Z", "created_by": "COPY"}],
        **more,
    }


@given(st.dictionaries(st.sampled_from(sorted(OWN_LABELS)), WORDS), WORDS, WORDS)
def test_commit_and_time_are_no_difference(labels: dict[str, str], created: str, cache: str) -> None:
    other = config(created=created, history=[{"created": created}], **{"moby.buildkit.cache.v0": cache})
    other["config"]["Labels"] = {**labels, "org.example.tier": "front"}
    assert is_same_image(config(), other)
    assert is_same_image(other, config())


def test_no_label_is_the_same_as_none_but_those_of_the_commit() -> None:
    bare, named = config(), config()
    del bare["config"]["Labels"]
    named["config"]["Labels"] = {"org.opencontainers.image.revision": "a"}
    assert is_same_image(bare, named)
    bare["config"]["Labels"] = None
    assert is_same_image(bare, named)


@pytest.mark.parametrize(
    "change",
    [
        lambda one: one["config"]["Env"].append("RELEASE=2"),
        lambda one: one["config"].update(User="0"),
        lambda one: one["config"].update(Volumes={"/data": {}}),
        lambda one: one["config"]["Labels"].update({"org.example.tier": "back"}),
        lambda one: one["rootfs"]["diff_ids"].append("sha256:" + "2" * 64),
        lambda one: one["rootfs"].update(diff_ids=["sha256:" + "2" * 64]),
        lambda one: one.update(architecture="arm64"),
        lambda one: one.update({"os.features": ["x"]}),
        lambda one: one.update(unknown=1),
    ],
)
def test_whatever_a_container_could_notice_is_a_difference(change: Callable[[Config], object]) -> None:
    other = copy.deepcopy(config())
    change(other)
    assert not is_same_image(config(), other)


@pytest.mark.parametrize("bad", [{}, {"rootfs": None}, {"rootfs": {"diff_ids": []}}, {"rootfs": []}])
def test_what_names_no_layers_is_the_same_as_nothing(bad: Config) -> None:
    assert not is_same_image(bad, bad)
