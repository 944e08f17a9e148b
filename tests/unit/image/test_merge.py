"""Parts of a build are joined whole and of one commit, or refused in words."""

from __future__ import annotations

import contextlib
import dataclasses
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.errors import CommandFailedError, FairleadError, InputError
from fairlead.image.build.platforms import choose_platforms
from fairlead.image.documents import BuildDocument, BuiltImage, write_document
from fairlead.image.merge import parse_told, run_merge
from fairlead.image.oci.join import compact_json
from fairlead.image.oci.layout import Layout, blob_path, read_layout, verify_blobs, write_blob, write_index
from fairlead.image.oci.manifests import CONFIG_TYPE, INDEX_TYPE, MANIFEST_TYPE, STATEMENT_TYPE
from tests.recording import RecordingReporter
from tests.unit.image.builders import PLATFORMS, REVISION, build, settings
from tests.unit.image.indexes import attestation, entry, system

LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
AMD, ARM = PLATFORMS


def write_layout(folder: Path, platforms: tuple[str, ...], content: str = "") -> Layout:
    """An image for these platforms, a provenance each, as a build leaves it; the same files make the same bytes."""

    def blob(value: Mapping[str, Any], kind: str) -> dict[str, Any]:
        data = compact_json(value)
        return {"mediaType": kind, "digest": write_blob(folder, data), "size": len(data)}

    def manifest(config: Mapping[str, Any], *layers: Mapping[str, Any]) -> dict[str, Any]:
        head = {"schemaVersion": 2, "mediaType": MANIFEST_TYPE}
        return blob({**head, "config": config, "layers": list(layers)}, MANIFEST_TYPE)

    images, about = [], []
    shared = blob({"layer": "the same for all"}, LAYER)
    for name in platforms:
        made = manifest(blob(system(name), CONFIG_TYPE), shared, blob({"layer": name + content}, LAYER))
        images.append(entry(made["digest"], system(name), size=made["size"]))
        proof = manifest(
            blob({"about": name}, CONFIG_TYPE), blob({"subject": made["digest"]}, STATEMENT_TYPE)
        )
        about.append(attestation(proof["digest"], made["digest"], size=proof["size"]))
    index = blob({"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": [*images, *about]}, INDEX_TYPE)
    write_index(folder, [index])
    return read_layout(folder)


def write_part(
    folder: Path, images: Mapping[str, tuple[str, ...]], content: str = "", **changes: Any
) -> BuildDocument:
    """What one machine has built: each image for its platforms."""
    layouts = {
        name: write_layout(folder / "images" / name, platforms, content) for name, platforms in images.items()
    }
    document = build(
        images={
            name: BuiltImage(
                repository=f"ghcr.io/acme/board/{name}",
                layout=f"images/{name}",
                digest=layout.digest,
                platforms=layout.digests,
            )
            for name, layout in layouts.items()
        },
        **changes,
    )
    write_document(folder / "build.json", document)
    return document


def merge(folder: Path, *parts: Path, told: str = "", wanted: tuple[str, ...] = PLATFORMS) -> BuildDocument:
    return run_merge(
        settings(platforms=wanted),
        REVISION,
        parts or (folder / "built",),
        told=told,
        work_dir=folder / "work",
        reporter=RecordingReporter(),
    )


def test_the_layouts_are_those_of_a_single_build(tmp_path: Path) -> None:
    for number, name in enumerate(PLATFORMS):
        write_part(tmp_path / "built" / str(number), {"api": (name,), "web": (name,)})
    whole = write_part(tmp_path / "whole", {"api": PLATFORMS, "web": PLATFORMS})
    document = merge(tmp_path)
    assert document == whole
    for name in ("api", "web"):
        one, other = tmp_path / "work" / "images" / name, tmp_path / "whole" / "images" / name
        verify_blobs(read_layout(one))
        assert (one / "index.json").read_bytes() == (other / "index.json").read_bytes()
        assert {path.name for path in (one / "blobs/sha256").iterdir()} == {
            path.name for path in (other / "blobs/sha256").iterdir()
        }
    assert (tmp_path / "work/build.json").read_bytes() == (tmp_path / "whole/build.json").read_bytes()


def test_an_image_that_each_has_fetched_whole_is_taken_once(tmp_path: Path) -> None:
    """`api` was published before something went wrong; `web` is built."""
    for number, name in enumerate(PLATFORMS):
        write_part(tmp_path / "built" / str(number), {"api": PLATFORMS, "web": (name,)})
    whole = write_part(tmp_path / "whole", {"api": PLATFORMS, "web": PLATFORMS})
    assert merge(tmp_path) == whole


def test_what_one_has_changed_is_changed(tmp_path: Path) -> None:
    write_part(tmp_path / "built/1", {"api": (AMD,)}, dirty_files=("a",), created_at="2026-09-21T14:13:20Z")
    write_part(tmp_path / "built/2", {"api": (ARM,)}, dirty_files=("b",), created_at="2026-09-21T14:13:30Z")
    document = merge(tmp_path)
    assert (document.dirty_files, document.created_at) == (("a", "b"), "2026-09-21T14:13:30Z")


OTHER = "b" * 40


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ([], "there is nothing to join"),
        ([((AMD,), {})], "nobody has built the image api for linux/arm64"),
        ([((AMD,), {}), ((AMD, ARM), {"content": "!"})], "the image api was built twice for linux/amd64"),
        ([((AMD,), {}), ((ARM,), {"revision": OTHER})], "not all of it was built of 4f2a9c1d4f2a"),
        ([((AMD,), {"revision": OTHER}), ((ARM,), {"revision": OTHER})], "not all of it was built of"),
        ([((AMD,), {}), ((ARM,), {"app": "shop"})], "the builds are not of the same images"),
    ],
)
def test_what_does_not_fit_is_refused_in_words(
    parts: list[tuple[tuple[str, ...], dict[str, Any]]], said: str, tmp_path: Path
) -> None:
    (tmp_path / "built").mkdir()
    for number, (platforms, changes) in enumerate(parts):
        write_part(tmp_path / "built" / str(number), {"api": platforms}, **changes)
    with pytest.raises(InputError) as refused:
        merge(tmp_path)
    assert said in refused.value.what
    assert refused.value.fix
    assert not (tmp_path / "work").exists()


def test_builds_of_other_images_are_not_joined(tmp_path: Path) -> None:
    write_part(tmp_path / "built/1", {"api": (AMD,), "web": (AMD,)})
    write_part(tmp_path / "built/2", {"api": (ARM,)})
    with pytest.raises(InputError, match="not of the same images"):
        merge(tmp_path)


def test_a_base_that_moved_between_two_builds_is_told(tmp_path: Path) -> None:
    for number, name in enumerate(PLATFORMS, 1):
        document = write_part(tmp_path / "built" / str(number), {"api": (name,)})
        image = dataclasses.replace(document.images["api"], bases={"debian:13": f"sha256:{str(number) * 64}"})
        write_document(
            tmp_path / "built" / str(number) / "build.json",
            dataclasses.replace(document, images={"api": image}),
        )
    with pytest.raises(CommandFailedError, match="debian:13 changed while the build ran"):
        merge(tmp_path)


def alter_blob(part: Path) -> None:
    layout = read_layout(part / "images/api")
    path = blob_path(layout.folder, layout.platforms[ARM].digest)
    path.write_bytes(path.read_bytes() + b" ")


def exchange_layout(part: Path) -> None:
    write_layout(part / "images/api", (ARM,), "somebody else's")


def exchange_all(part: Path) -> None:
    write_part(part, {"api": (ARM,)}, "somebody else's")


def link_out(part: Path) -> None:
    (part / "images/api/blobs/sha256/link").symlink_to("/etc/hostname")


def vanish(part: Path) -> None:
    (part / "build.json").unlink()


@pytest.mark.parametrize("change", [alter_blob, exchange_layout, exchange_all, link_out, vanish])
def test_a_part_that_was_changed_on_its_way_is_refused(
    change: Callable[[Path], None], tmp_path: Path
) -> None:
    """The jobs tell their digests by another way than the folders come by."""
    told = {"published": "", "built-3": ""}
    for number, name in enumerate(PLATFORMS, 1):
        document = write_part(tmp_path / "built" / str(number), {"api": (name,)})
        told[f"built-{number}"] = json.dumps(document.to_json())
    change(tmp_path / "built/2")
    with pytest.raises(FairleadError):
        merge(tmp_path, told=json.dumps(told))
    assert not (tmp_path / "work/build.json").exists()


def test_parts_that_are_what_was_told_are_joined(tmp_path: Path) -> None:
    told = {
        f"built-{number}": json.dumps(write_part(tmp_path / str(number), {"api": (name,)}).to_json())
        for number, name in enumerate(PLATFORMS)
    }
    parts = [tmp_path / "1", tmp_path / "0"]
    assert list(merge(tmp_path, *parts, told=json.dumps(told)).images["api"].platforms) == list(PLATFORMS)
    with pytest.raises(CommandFailedError, match="is not what arrived"):
        merge(tmp_path, *parts, told="{}")


@given(st.one_of(st.text(), st.dictionaries(st.text(), st.text() | st.integers()).map(json.dumps)))
def test_whatever_was_told_is_taken_apart_or_refused(told: str) -> None:
    with contextlib.suppress(InputError):
        assert parse_told(told) == []


def test_the_parts_are_not_where_the_images_go(tmp_path: Path) -> None:
    write_part(tmp_path / "work", {"api": PLATFORMS})
    with pytest.raises(InputError, match="is where the joined images go"):
        merge(tmp_path, tmp_path / "work")


@pytest.mark.parametrize(
    ("named", "chosen", "kept"),
    [
        (PLATFORMS, (), PLATFORMS),
        (PLATFORMS, (ARM,), (ARM,)),
        (PLATFORMS, (ARM, AMD), PLATFORMS),
        ((), (), ()),
    ],
)
def test_a_build_may_be_for_one_of_the_platforms(
    named: tuple[str, ...], chosen: tuple[str, ...], kept: tuple[str, ...]
) -> None:
    assert choose_platforms(settings(platforms=named), chosen).platforms == kept


@pytest.mark.parametrize("named", [PLATFORMS, ()])
def test_a_build_is_not_for_a_platform_that_nobody_named(named: tuple[str, ...]) -> None:
    with pytest.raises(InputError, match="linux/s390x is not among the platforms"):
        choose_platforms(settings(platforms=named), ("linux/s390x",))
