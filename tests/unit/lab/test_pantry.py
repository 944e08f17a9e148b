from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from fairlead.errors import LockedError
from fairlead.image.oci.manifests import CONFIG_TYPE, INDEX_TYPE, MANIFEST_TYPE
from lab import lock
from lab.layer import Layer
from lab.lock import locked
from lab.oci import blob_path, render_index, render_manifest, write_blob, write_document
from lab.pantry import Pantry
from lab.recipes import recipe

ROW = recipe("debian")
YEAR = 365 * 24 * 3600


@pytest.fixture
def pantry(tmp_path: Path) -> Pantry:
    return Pantry(tmp_path, "amd64", "monday")


def fill(pantry: Pantry) -> Layer:
    """An image with one layer, which it returns."""
    packed = write_blob(pantry.blobs, "layer", b"content")
    layer = Layer(packed.digest, "sha256:diff", packed.size)
    config = write_document(pantry.blobs, CONFIG_TYPE, {})
    manifest = write_document(pantry.blobs, MANIFEST_TYPE, render_manifest(config, [layer]))
    index = write_document(pantry.blobs, INDEX_TYPE, render_index({"amd64": manifest, "arm64": manifest}))
    pantry.store_layer(ROW, "amd64", layer)
    pantry.store_image(ROW, index.digest)
    return layer


def age(folder: Path) -> None:
    for path in folder.rglob("*"):
        os.utime(path, (time.time() - YEAR, time.time() - YEAR))


def test_what_was_stored_is_found(pantry: Pantry) -> None:
    layer = fill(pantry)
    assert pantry.find_layer(ROW, "amd64") == layer
    assert pantry.find_layer(ROW, "arm64") is None
    assert pantry.find_image(ROW) is not None


def test_an_image_of_which_a_blob_is_gone_is_not_there(pantry: Pantry) -> None:
    """It would fail in the middle of a push."""
    layer = fill(pantry)
    blob_path(pantry.blobs, layer.digest).unlink()
    assert pantry.find_image(ROW) is None
    assert pantry.find_layer(ROW, "amd64") is None


def test_a_document_that_was_cut_off_is_none(pantry: Pantry, tmp_path: Path) -> None:
    fill(pantry)
    for path in tmp_path.glob("images/*.json"):
        path.write_text('{"dig')
    assert pantry.find_image(ROW) is None


def test_another_state_of_the_mirror_is_another_image(tmp_path: Path, pantry: Pantry) -> None:
    fill(pantry)
    assert Pantry(tmp_path, "amd64", "tuesday").find_image(ROW) is None


def test_the_labs_own_images_are_for_the_engine_here_only(pantry: Pantry) -> None:
    assert pantry.architectures(recipe("lab-server")) == ("amd64",)
    assert pantry.architectures(recipe("python")) == ("amd64", "arm64")


def test_what_is_in_use_survives_however_old_it_is(pantry: Pantry, tmp_path: Path) -> None:
    fill(pantry)
    age(tmp_path)
    pantry.prune()
    assert pantry.find_image(ROW) is not None
    assert pantry.find_layer(ROW, "amd64") is not None


def test_what_nobody_asks_for_goes_when_it_is_old(pantry: Pantry, tmp_path: Path) -> None:
    """Not before: a clone at another commit may be using it."""
    fill(pantry)
    (pantry.blobs.parent / ".layer-killed").write_bytes(b"half")
    later = Pantry(tmp_path, "amd64", "tuesday")
    later.prune()
    assert pantry.find_image(ROW) is not None
    age(tmp_path)
    later.prune()
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == []


def test_one_run_waits_for_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "_PATIENCE_SECONDS", 0.0)
    told: list[str] = []
    with (
        locked(tmp_path / "lock", lambda: told.append("first")),
        pytest.raises(LockedError),
        locked(tmp_path / "lock", lambda: told.append("second")),
    ):
        pass
    assert told == ["second"]
    with locked(tmp_path / "lock", lambda: told.append("third")):
        assert told == ["second"]
