"""A bundle is read again long after it was written: as it was, or not at all."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fairlead.host.disk.paths import Paths, app_paths
from fairlead.host.shape.bundle import Bundle, mend_projects, read_bundle, rewrite_projects, write_bundle
from tests.unit.host.samples import release


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    paths = app_paths(tmp_path, "board")
    write_bundle(paths, Bundle("000001", release(), dict.fromkeys(release().rolled, "000001")))
    return paths


@pytest.mark.parametrize("name", ["release.json", "homes.json"])
def test_a_document_that_changed_is_not_believed(paths: Paths, name: str) -> None:
    """Though it is a good one: another digest, another home."""
    file = paths.release("000001") / name
    assert read_bundle(paths, "000001") is not None
    file.write_text(
        file.read_text().replace("000001", "000002").replace("board.example.com", "evil.example.com")
    )
    json.loads(file.read_bytes())
    assert read_bundle(paths, "000001") is None


@pytest.mark.parametrize("name", ["compose.json", "platform.json"])
def test_a_project_that_changed_is_made_again(paths: Paths, name: str) -> None:
    bundle = read_bundle(paths, "000001")
    assert bundle is not None
    assert not mend_projects(paths, bundle)
    file = paths.release("000001") / name
    good = file.read_bytes()
    for damage in (b"", good[:-20], good.replace(b'"board', b'"other')):
        file.write_bytes(damage)
        assert mend_projects(paths, bundle)
        assert file.read_bytes() == good
        assert not mend_projects(paths, bundle)
    file.unlink()
    assert mend_projects(paths, bundle)
    assert file.read_bytes() == good


def test_what_was_rewritten_on_purpose_is_sound(paths: Paths) -> None:
    """A rotation changes the projects of older releases."""
    bundle = read_bundle(paths, "000001")
    assert bundle is not None
    rewrite_projects(paths, Bundle("000001", release(keep=3), {}))
    assert not mend_projects(paths, bundle)
    assert read_bundle(paths, "000001") == bundle


def test_a_bundle_of_an_older_version_does_not_say_how_it_was(paths: Paths) -> None:
    (paths.release("000001") / "sums.json").unlink()
    bundle = read_bundle(paths, "000001")
    assert bundle is not None
    assert not mend_projects(paths, bundle)
    rewrite_projects(paths, Bundle("000001", release(), {}))
    assert not (paths.release("000001") / "sums.json").exists()
