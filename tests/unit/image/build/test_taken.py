from __future__ import annotations

import json
from pathlib import Path

import pytest

from fairlead.image.build.bake import BuildOptions
from fairlead.image.build.tags import REVISION_LABEL
from fairlead.image.build.taken import is_taken_from_registry, other_commit, unfit
from fairlead.image.build.trust import Trust
from fairlead.image.oci.layout import read_layout, write_blob, write_index
from fairlead.image.oci.manifests import CONFIG_TYPE, INDEX_TYPE, MANIFEST_TYPE
from fairlead.image.registry.client import Resolved
from fairlead.settings.images import BuildSettings
from tests.unit.image.builders import identity, settings
from tests.unit.image.indexes import Sample, system

COMMIT = "a" * 40
BOTH = ("linux/amd64", "linux/arm64")


@pytest.mark.parametrize("wish", [BuildOptions(no_cache=True), BuildOptions(pull=True)])
def test_who_wants_it_built_anew_gets_it_built_anew(wish: BuildOptions) -> None:
    assert is_taken_from_registry(settings(), identity(), BuildOptions())
    assert not is_taken_from_registry(settings(), identity(), wish)


@pytest.mark.parametrize(
    ("build", "trust", "is_taken"),
    [
        (BuildSettings(cache=("none",)), Trust(), False),
        (BuildSettings(tag_cache="none"), Trust(), True),
        (BuildSettings(tag_cache="none"), Trust(is_tag=True), False),
        (BuildSettings(), Trust(is_tag=True), True),
    ],
)
def test_who_takes_no_cache_takes_no_image(build: BuildSettings, trust: Trust, is_taken: bool) -> None:
    options = BuildOptions(trust=trust)
    assert is_taken_from_registry(settings(build=build), identity(), options) is is_taken


def test_files_that_differ_from_the_commit_are_no_commits_image() -> None:
    assert not is_taken_from_registry(settings(), identity(dirty_files=("x",)), BuildOptions())


def test_without_a_registry_nobody_is_asked() -> None:
    assert not is_taken_from_registry(settings(registry=""), identity(), BuildOptions())


def test_what_lacks_a_platform_or_has_another_form_is_not_taken() -> None:
    assert unfit(Resolved("r", Sample().data), BOTH) == ""
    assert unfit(Resolved("r", Sample().data), BOTH[:1]) == ""
    assert unfit(Resolved("r", Sample().data), (*BOTH, "linux/riscv64")) == "it is not for linux/riscv64"
    twice = Sample().value()
    twice["manifests"].append(twice["manifests"][0])
    assert "not put there by Fairlead" in unfit(Resolved("r", json.dumps(twice).encode()), BOTH)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ({name: {REVISION_LABEL: COMMIT} for name in BOTH}, ""),
        ({BOTH[0]: {REVISION_LABEL: COMMIT}, BOTH[1]: {}}, "its label names no commit (linux/arm64)"),
        ({BOTH[0]: {REVISION_LABEL: COMMIT}, BOTH[1]: None}, "its label names no commit (linux/arm64)"),
        ({BOTH[0]: {REVISION_LABEL: "b" * 40}}, f"its label names the commit {'b' * 12} (linux/amd64)"),
        ({BOTH[0]: {REVISION_LABEL: f"{COMMIT} "}}, f"its label names the commit {'a' * 12} (linux/amd64)"),
    ],
)
def test_every_platform_must_be_of_the_commit(
    labels: dict[str, dict[str, str] | None], message: str, tmp_path: Path
) -> None:
    entries = []
    for name, given in labels.items():
        data = json.dumps({**system(name), "config": {"Labels": given}}).encode()
        config = {"mediaType": CONFIG_TYPE, "digest": write_blob(tmp_path, data), "size": len(data)}
        raw = json.dumps(
            {"schemaVersion": 2, "mediaType": MANIFEST_TYPE, "config": config, "layers": []}
        ).encode()
        manifest = {"mediaType": MANIFEST_TYPE, "digest": write_blob(tmp_path, raw), "size": len(raw)}
        entries.append({**manifest, "platform": system(name)})
    index = json.dumps({"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": entries}).encode()
    entry = {"mediaType": INDEX_TYPE, "digest": write_blob(tmp_path, index), "size": len(index)}
    write_index(tmp_path, [entry])
    assert other_commit(read_layout(tmp_path), COMMIT) == message
