from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from fairlead.errors import CommandFailedError
from fairlead.image.build.provenance import parse_bases, read_bases, settle_bases, settle_provenance
from fairlead.image.oci.layout import (
    Layout,
    blob_path,
    drop_other_blobs,
    image_sizes,
    prepare_layout,
    read_json_blob,
    read_layout,
    verify_blobs,
    write_blob,
    write_index,
    write_view,
)
from fairlead.image.oci.manifests import CONFIG_TYPE, INDEX_TYPE, MANIFEST_TYPE, STATEMENT_TYPE

LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"


def write_json_blob(folder: Path, value: Mapping[str, Any], media_type: str) -> dict[str, Any]:
    data = json.dumps(value).encode()
    return {"mediaType": media_type, "digest": write_blob(folder, data), "size": len(data)}


def write_manifest(folder: Path, config: Mapping[str, Any], layer: Mapping[str, Any]) -> dict[str, Any]:
    manifest = {"schemaVersion": 2, "mediaType": MANIFEST_TYPE, "config": config, "layers": [layer]}
    return write_json_blob(folder, manifest, MANIFEST_TYPE)


SOURCE = "https://github.com/acme/board"


def make_layout(
    folder: Path, *, started: str = "2026-01-01T00:00:00Z", remote: str = "git@github.com:acme/board.git"
) -> Layout:
    """An image for two platforms with a provenance each."""
    (folder / "blobs" / "sha256").mkdir(parents=True)
    entries = []
    for architecture in ("amd64", "arm64"):
        layer = write_json_blob(folder, {"layer": architecture}, LAYER)
        config = write_json_blob(folder, {"architecture": architecture, "os": "linux"}, CONFIG_TYPE)
        manifest = write_manifest(folder, config, layer)
        entries.append({**manifest, "platform": {"os": "linux", "architecture": architecture}})
    for image in tuple(entries):
        statement = {
            "predicateType": "https://slsa.dev/provenance/v0.2",
            "subject": [{"digest": image["digest"]}],
            "predicate": {
                "buildType": "b",
                "metadata": {
                    "buildStartedOn": started,
                    "buildInvocationID": started,
                    "reproducible": False,
                    "https://mobyproject.org/buildkit@v1#metadata": {
                        "vcs": {"source": remote, "revision": "4f2a"}
                    },
                },
            },
        }
        layer = write_json_blob(folder, statement, STATEMENT_TYPE)
        config = write_json_blob(folder, {"rootfs": {"diff_ids": [layer["digest"]]}}, CONFIG_TYPE)
        attestation = write_manifest(folder, config, layer)
        annotations = {
            "vnd.docker.reference.type": "attestation-manifest",
            "vnd.docker.reference.digest": image["digest"],
        }
        unknown = {"os": "unknown", "architecture": "unknown"}
        entries.append({**attestation, "annotations": annotations, "platform": unknown})
    index = {"schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": entries}
    write_index(folder, [write_json_blob(folder, index, INDEX_TYPE)])
    return read_layout(folder)


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return make_layout(tmp_path / "api")


def test_platforms_and_attestations_are_told_apart(layout: Layout) -> None:
    assert list(layout.platforms) == ["linux/amd64", "linux/arm64"]
    assert len(layout.attestations) == 2
    verify_blobs(layout)


def test_a_size_is_that_of_what_is_pulled_for_a_platform(layout: Layout) -> None:
    """Layer and configuration, and nothing that attests something about them."""
    layer = len(json.dumps({"layer": "amd64"}))
    config = len(json.dumps({"architecture": "amd64", "os": "linux"}))
    assert image_sizes(layout) == dict.fromkeys(("linux/amd64", "linux/arm64"), layer + config)


@pytest.mark.parametrize("which", ["layer", "manifest", "config", "index"])
@pytest.mark.parametrize("how", ["altered", "missing"])
def test_a_blob_that_is_altered_or_missing_is_found(layout: Layout, which: str, how: str) -> None:
    manifest_digest = str(layout.platforms["linux/arm64"].digest)
    manifest = json.loads(blob_path(layout.folder, manifest_digest).read_bytes())
    digest = {
        "layer": manifest["layers"][0]["digest"],
        "manifest": manifest_digest,
        "config": manifest["config"]["digest"],
        "index": layout.digest,
    }[which]
    path = blob_path(layout.folder, digest)
    if how == "missing":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes().replace(b"{", b"{ ", 1))
    with pytest.raises(CommandFailedError, match="is broken"):
        verify_blobs(read_layout(layout.folder))


@pytest.mark.parametrize(
    "index",
    ["", "[]", "{}", '{"manifests": []}', '{"manifests": [{"digest": "sha256:../../etc/passwd"}]}'],
)
def test_an_index_that_leads_nowhere_is_refused(layout: Layout, index: str) -> None:
    (layout.folder / "index.json").write_text(index)
    with pytest.raises(CommandFailedError, match="is broken"):
        read_layout(layout.folder)


def test_a_manifest_is_believed_only_if_it_is_the_one_that_was_named(layout: Layout) -> None:
    path = blob_path(layout.folder, layout.digests["linux/arm64"])
    path.write_bytes(path.read_bytes() + b" ")
    with pytest.raises(CommandFailedError) as caught:
        read_json_blob(layout.folder, layout.digests["linux/arm64"])
    assert "was altered" in caught.value.why


def test_a_view_holds_one_platform_and_borrows_the_blobs(layout: Layout, tmp_path: Path) -> None:
    for _ in range(2):
        write_view(layout, "linux/arm64", tmp_path / "view")
    entries = json.loads((tmp_path / "view" / "index.json").read_text())["manifests"]
    assert [entry["digest"] for entry in entries] == [layout.digests["linux/arm64"]]
    assert blob_path(tmp_path / "view", layout.digest).is_file()
    verify_blobs(layout)


def test_provenance_loses_the_hour_and_nothing_else(layout: Layout, tmp_path: Path) -> None:
    """Two builds that differ in their hour and the name of the remote only become the same index, each image in it untouched."""
    later = make_layout(tmp_path / "later", started="2027-02-02T00:00:00Z", remote="/home/alice/board")
    assert layout.digest != later.digest
    settled, settled_later = settle_provenance(layout, SOURCE), settle_provenance(later, SOURCE)
    assert settled.digest == settled_later.digest
    assert settled.digests == layout.digests
    drop_other_blobs(settled)
    verify_blobs(settled)
    everything = b"".join(path.read_bytes() for path in (layout.folder / "blobs" / "sha256").iterdir())
    assert b"buildStartedOn" not in everything
    assert b"git@github.com" not in everything
    assert SOURCE.encode() in everything
    assert b'"revision":"4f2a"' in everything
    assert b"reproducible" in everything
    assert b"buildType" in everything


def test_settled_attestations_list_their_statements(layout: Layout) -> None:
    settled = settle_provenance(layout, SOURCE)
    for descriptor in settled.attestations:
        manifest = json.loads(blob_path(settled.folder, descriptor.digest).read_bytes())
        config = json.loads(blob_path(settled.folder, manifest["config"]["digest"]).read_bytes())
        assert config["rootfs"]["diff_ids"] == [layer["digest"] for layer in manifest["layers"]]
        assert layout.digests == settled.digests


def test_what_an_earlier_build_left_is_dropped(layout: Layout) -> None:
    stale = write_blob(layout.folder, b"stale")
    drop_other_blobs(layout)
    assert not blob_path(layout.folder, stale).exists()
    verify_blobs(layout)


def test_an_image_is_for_the_platform_that_names_it(layout: Layout) -> None:
    """An entry for arm64 that leads to the image of amd64 is told before it is pushed."""
    index = json.loads(layout.data)
    images = index["manifests"][:2]
    images[0]["platform"], images[1]["platform"] = images[1]["platform"], images[0]["platform"]
    write_index(layout.folder, [write_json_blob(layout.folder, index, INDEX_TYPE)])
    with pytest.raises(CommandFailedError) as caught:
        verify_blobs(read_layout(layout.folder))
    assert "linux/arm64 is one for linux/amd64" in caught.value.why


@pytest.mark.parametrize("which", ["index", "manifest", "layer"])
def test_a_size_that_is_not_the_blobs_is_told(layout: Layout, which: str) -> None:
    index = json.loads(layout.data)
    manifest = json.loads(blob_path(layout.folder, layout.digests["linux/amd64"]).read_bytes())
    if which == "layer":
        manifest["layers"][0]["size"] += 1
        changed = write_json_blob(layout.folder, manifest, MANIFEST_TYPE)
        about = index["manifests"][2]["annotations"]
        index["manifests"][0].update(changed)
        about["vnd.docker.reference.digest"] = changed["digest"]
    elif which == "manifest":
        index["manifests"][0]["size"] += 1
    top = write_json_blob(layout.folder, index, INDEX_TYPE)
    write_index(layout.folder, [{**top, "size": top["size"] + (which == "index")}])
    with pytest.raises(CommandFailedError, match="is broken"):
        verify_blobs(read_layout(layout.folder))


def test_a_folder_is_made_ready_and_good_blobs_stay(tmp_path: Path) -> None:
    folder = tmp_path / "api"
    prepare_layout(folder)
    good, cut, foreign = (
        blob_path(folder, write_blob(folder, data)) for data in (b"good", b"cut", b"foreign")
    )
    cut.write_bytes(b"cu")
    foreign.unlink()
    foreign.symlink_to("/etc/passwd")
    (folder / "ingest").mkdir()
    (folder / "index.json").write_text("{}")
    prepare_layout(folder)
    assert [path.name for path in folder.iterdir()] == ["blobs"]
    assert list((folder / "blobs/sha256").iterdir()) == [good]


def test_the_bases_of_an_image_are_those_of_its_provenance(layout: Layout) -> None:
    assert read_bases(layout) == {}
    digest = {"sha256": "4" * 64}
    python = {"uri": "pkg:docker/ghcr.io%3A443/x/python@3.13-slim?platform=linux%2Famd64", "digest": digest}
    other = {"uri": "https://github.com/acme/board", "digest": {"sha1": "4f2a"}}
    slsa = {"predicateType": "https://slsa.dev/provenance/v0.2", "predicate": {"materials": [python, other]}}
    expected = [("ghcr.io:443/x/python:3.13-slim", f"sha256:{'4' * 64}")]
    assert list(parse_bases(slsa)) == expected
    newer = {"buildDefinition": {"resolvedDependencies": [other, python]}}
    assert list(parse_bases({**slsa, "predicate": newer})) == expected
    assert list(parse_bases({**slsa, "predicateType": "https://spdx.dev/Document"})) == []


def test_a_base_whose_tag_moved_during_the_build_is_told() -> None:
    one, other = "sha256:" + "1" * 64, "sha256:" + "2" * 64
    same = {"api": {"python:3.13": frozenset({one})}, "web": {"python:3.13": frozenset({one})}}
    assert settle_bases(same) == {name: {"python:3.13": one} for name in same}
    for moved in (
        {**same, "web": {"python:3.13": frozenset({other})}},
        {"api": {"python:3.13": frozenset({one, other})}},
    ):
        with pytest.raises(CommandFailedError, match="changed while the build ran"):
            settle_bases(moved)
