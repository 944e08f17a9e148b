"""Images of a host are shared by the apps and environments that run the same digest."""

from __future__ import annotations

from pathlib import Path

from fairlead.host.disk.paths import Paths, app_paths
from fairlead.host.run.tidy import without_others
from fairlead.host.shape.bundle import Bundle, write_bundle
from tests.unit.host.samples import image, release


def _app(root: Path, name: str, *releases: str) -> Paths:
    paths = app_paths(root, name)
    paths.home.mkdir(parents=True)
    paths.journal.touch()
    for one in releases:
        write_bundle(paths, Bundle(one, release(app=name), {}))
    return paths


def test_what_another_environment_may_go_back_to_is_not_removed_for_this_one(tmp_path: Path) -> None:
    """Staging goes, and production still rolls back with the registry down."""
    staging = _app(tmp_path, "board-staging", "000001")
    pulled = {image("api"), image("web"), image("api", "b")}
    assert without_others(staging, pulled) == pulled
    production = _app(tmp_path, "board", "000001", "000002")
    assert without_others(staging, pulled) == {image("api", "b")}
    assert without_others(production, pulled) == {image("api", "b")}


def test_an_app_that_cannot_be_read_is_in_nobodys_way(tmp_path: Path) -> None:
    staging, production = _app(tmp_path, "board-staging"), _app(tmp_path, "board", "000001")
    (production.release("000001") / "release.json").write_text("{")
    assert without_others(staging, {image("api")}) == {image("api")}
