from __future__ import annotations

import json
import os
import random
from collections.abc import Callable
from typing import Any

import pytest

from fairlead.image.oci.manifests import (
    INDEX_TYPE,
    STATEMENT_TYPE,
    UnfitError,
    foreign_parts,
    parse_index,
    parse_manifest,
    platform_name,
    strict_json,
)
from tests.unit.image.indexes import (
    INDEX,
    THEIRS,
    Object,
    Sample,
    attestation,
    digest,
    entry,
    grants,
    hostile,
    image,
    system,
)

COUNT = int(os.environ.get("FAIRLEAD_FUZZ", "1500"))
SEED = os.environ.get("FAIRLEAD_FUZZ_SEED", "1")
pytestmark = pytest.mark.timeout(7200 if COUNT > 10_000 else 300)


def test_an_index_of_ours_is_read() -> None:
    index = parse_index(INDEX.data)
    assert index.digests == INDEX.platforms
    assert len(index.attestations) == 2
    assert foreign_parts(index, INDEX.platforms) == ""


def test_every_platform_that_is_built_is_read() -> None:
    names = ("linux/amd64", "linux/amd64/v3", "linux/arm64", "linux/arm/v7", "linux/arm/v6", "linux/riscv64")
    sample = Sample({name: digest(number) for number, name in enumerate(names)})
    assert parse_index(sample.data).digests == sample.platforms


Change = Callable[[Object], Any]
AMD64 = system("linux/amd64")


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda i: i["manifests"].insert(0, entry(THEIRS, AMD64)), "two images for linux/amd64"),
        (
            lambda i: i["manifests"].insert(0, entry(THEIRS, system("linux/arm64/v8"))),
            "two images for linux/arm64",
        ),
        (
            lambda i: i["manifests"].insert(0, entry(THEIRS, system("linux/amd64/v1"))),
            "two images for linux/amd64",
        ),
        (lambda i: i["manifests"].insert(0, entry(THEIRS, None)), "no platform"),
        (lambda i: i["manifests"].insert(0, entry(THEIRS, {})), "none that an image is built for"),
        (
            lambda i: i["manifests"].insert(0, entry(THEIRS, system("linux/x86_64"))),
            "none that an image is built for",
        ),
        (
            lambda i: i["manifests"].insert(0, entry(THEIRS, system("windows/amd64"))),
            "none that an image is built for",
        ),
        (lambda i: i["manifests"].insert(0, entry(THEIRS, system("linux/arm64/8"))), "variant"),
        (lambda i: i["manifests"].insert(0, entry(THEIRS, system("linux/arm"))), "variant"),
        (lambda i: i["manifests"].insert(0, entry(THEIRS, {**AMD64, "os.version": "10"})), "os.version"),
        (lambda i: i["manifests"].insert(0, entry(THEIRS, {**AMD64, "os.features": ["x"]})), "os.features"),
        (lambda i: i["manifests"].insert(0, entry(THEIRS, system("unknown/unknown"))), "none that"),
        (lambda i: i["manifests"][0].update(mediaType=INDEX_TYPE), "does not belong there"),
        (lambda i: i["manifests"][0].update(urls=["https://evil.example"]), "urls"),
        (lambda i: i["manifests"][0].update(data="e30="), "data"),
        (lambda i: i["manifests"][0].update(artifactType="x"), "artifactType"),
        (lambda i: i["manifests"][0].update(size=True), "no size"),
        (lambda i: i["manifests"][0].update(size=-1), "no size"),
        (lambda i: i["manifests"][0].update(size=1.5), "no size"),
        (lambda i: i["manifests"][0].update(digest="sha512:" + "a" * 128), "SHA-256"),
        (lambda i: i["manifests"][0].update(digest=digest(1) + "\n"), "SHA-256"),
        (lambda i: i["manifests"][0].update(digest=digest(2)), "several platforms"),
        (lambda i: i["manifests"].append(attestation(THEIRS, THEIRS)), "which is no image of it"),
        (lambda i: i["manifests"].append(attestation(THEIRS, digest(50))), "which is no image of it"),
        (lambda i: i["manifests"].append(attestation(digest(1), digest(1))), "an image and an attestation"),
        (lambda i: i["manifests"].append(i["manifests"][-1]), "twice"),
        (lambda i: i["manifests"][-1].update(platform=AMD64), "an engine might run it"),
        (lambda i: i["manifests"][-1].update(platform=None), "an engine might run it"),
        (lambda i: i["manifests"][-1]["annotations"].update({"vnd.docker.reference.type": "x"}), "kind 'x'"),
        (lambda i: i.update(subject={"digest": THEIRS}), "subject"),
        (lambda i: i.update(artifactType="x"), "artifactType"),
        (lambda i: i.update(Manifests=[]), "Manifests"),
        (lambda i: i.update(config={}), "config"),
        (lambda i: i.update(manifests=[]), "lists no images"),
        (lambda i: i.update(manifests=i["manifests"][-2:]), "no image"),
        (lambda i: i.update(schemaVersion=1), "schemaVersion"),
        (lambda i: i.pop("mediaType"), "type"),
        (lambda i: i.update(annotations={"a": 1}), "no texts"),
    ],
)
def test_what_an_engine_could_read_otherwise_is_refused(change: Change, why: str) -> None:
    index = INDEX.value()
    change(index)
    with pytest.raises(UnfitError, match=why):
        parse_index(json.dumps(index).encode())


@pytest.mark.parametrize(
    "data",
    [
        b"", b"[]", b"null", b"{", b"\xff{}", b'{"a": 1, "a": 2}', b'{"a": {"b": 1, "b": 2}}', b'{"a": NaN}',
        b"[" * 100_000, b'{"a":' * 100_000, INDEX.data + b"{}", INDEX.data.decode().encode("utf-16"),
        b" " * (5 << 20) + INDEX.data, rb'{"a": "\ud800"}', rb'{"a": [{"\uDFFF": 1}]}',
    ],
)  # fmt: skip
def test_what_is_no_json_in_one_reading_is_refused(data: bytes) -> None:
    with pytest.raises(UnfitError):
        strict_json(data)
    with pytest.raises(UnfitError):
        parse_index(data)


def test_a_character_in_two_halves_is_one() -> None:
    assert strict_json(rb'{"a": "\ud83d\ude80"}') == {"a": "\U0001f680"}


def test_another_image_of_the_registry_is_not_ours() -> None:
    index = parse_index(INDEX.data)
    assert "ours is none" in foreign_parts(index, {"linux/amd64": digest(1)})
    assert "no image for linux/riscv64" in foreign_parts(
        index, {**INDEX.platforms, "linux/riscv64": digest(7)}
    )
    assert digest(2) in foreign_parts(index, {**INDEX.platforms, "linux/arm64": THEIRS})


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda m: m["layers"].append({**m["layers"][0], "urls": ["https://evil.example"]}), "urls"),
        (lambda m: m["layers"][0].update(mediaType=STATEMENT_TYPE), "does not belong there"),
        (lambda m: m.pop("config"), "no object"),
        (lambda m: m["config"].update(mediaType="application/x-sh"), "does not belong there"),
        (lambda m: m.update(subject={}), "subject"),
        (lambda m: m.update(manifests=[]), "manifests"),
        (lambda m: m.update(mediaType=INDEX_TYPE), "its type"),
    ],
)
def test_a_manifest_that_says_more_is_refused(change: Change, why: str) -> None:
    manifest = image()
    assert len(parse_manifest(json.dumps(manifest).encode()).layers) == 2
    change(manifest)
    with pytest.raises(UnfitError, match=why):
        parse_manifest(json.dumps(manifest).encode())


def test_an_attestation_holds_statements_only() -> None:
    manifest = image(1)
    with pytest.raises(UnfitError, match="does not belong there"):
        parse_manifest(json.dumps(manifest).encode(), is_attestation=True)
    manifest["layers"][0]["mediaType"] = STATEMENT_TYPE
    assert parse_manifest(json.dumps(manifest).encode(), is_attestation=True).layers


def test_no_hostile_index_passes_of_which_an_engine_would_run_anything_else() -> None:
    """Indexes drawn from a seed: what is taken for ours leads every engine to our image, and to nothing else."""
    taken = 0
    for number in range(COUNT):
        data = hostile(random.Random(f"{SEED}/{number}"))  # noqa: S311 - drawn again from the seed
        try:
            index = parse_index(data)
        except UnfitError:
            continue
        ours = not foreign_parts(index, INDEX.platforms)
        taken += ours
        for name, of in index.digests.items():
            architecture = name.split("/")[1]
            assert of in grants(data, architecture), f"seed {SEED}, number {number}"
            named = {found for other, found in index.digests.items() if other.split("/")[1] == architecture}
            assert grants(data, architecture) <= named, f"seed {SEED}, number {number}"
        if ours:
            for name, of in INDEX.platforms.items():
                assert grants(data, name.split("/")[1]) == {of}, f"seed {SEED}, number {number}"
            for other in ("arm", "386", "riscv64"):
                assert not grants(data, other), f"seed {SEED}, number {number}"
    assert COUNT // 50 < taken < COUNT // 2


def test_no_hostile_manifest_is_more_than_a_configuration_and_layers() -> None:
    from tests.unit.host.fuzz import damage, encode

    for number in range(COUNT):
        dice = random.Random(f"{SEED}/m/{number}")  # noqa: S311 - drawn again from the seed
        value = image(dice.randint(0, 4))
        data = encode(damage(value, dice))
        try:
            found = parse_manifest(data)
        except UnfitError:
            continue
        for part in (found.config, *found.layers):
            assert part.digest.startswith("sha256:")
            assert len(part.digest) == 71
            assert 0 < part.size <= 1 << 40


@pytest.mark.parametrize(
    ("platform", "name"),
    [
        ({"os": "linux", "architecture": "arm64", "variant": "v8"}, "linux/arm64"),
        ({"os": "linux", "architecture": "amd64", "variant": "v1"}, "linux/amd64"),
        ({"os": "linux", "architecture": "arm", "variant": "v7"}, "linux/arm/v7"),
        ({"os": "linux", "architecture": "amd64"}, "linux/amd64"),
        (None, "unknown/unknown"),
    ],
)
def test_platform_names(platform: dict[str, str] | None, name: str) -> None:
    assert platform_name(platform) == name
