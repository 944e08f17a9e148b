"""Which release is of an image: of its index as it was deployed, and of what it is for one platform."""

from __future__ import annotations

from pathlib import Path

from fairlead.host.disk.layout import make_layout
from fairlead.host.disk.paths import app_paths
from fairlead.host.shape.bundle import Bundle, write_bundle
from fairlead.host.state.shown import with_digests
from fairlead.host.wire.status import KnownRelease
from tests.unit.host.samples import release


def test_the_digests_of_a_release_are_those_of_its_bundle(tmp_path: Path) -> None:
    paths = app_paths(tmp_path, "board")
    make_layout(paths)
    made = release()
    write_bundle(paths, Bundle("000001", made, dict.fromkeys(made.rolled, "000001")))
    found = with_digests(paths, KnownRelease("000001", "stable")).digests or ()
    assert {one.digest for one in made.services.values()} <= set(found)
    assert {digest for one in made.services.values() for digest in one.platforms.values()} <= set(found)
    assert list(found) == sorted(set(found))


def test_a_bundle_that_is_gone_or_broken_has_none(tmp_path: Path) -> None:
    assert with_digests(app_paths(tmp_path, "board"), KnownRelease("000002", "stable")).digests == ()
