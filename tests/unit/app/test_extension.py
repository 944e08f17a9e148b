"""An ``x-fairlead`` beside a merge key: whoever follows a fix loses nothing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from fairlead.cli.root import command

APP = "app: shop\nregistry: ghcr.io/acme/shop\nenvironments: {production: {hosts: [deploy@h]}}\n"
COMMON = (
    "x-common: &common\n  image: acme/worker:1.0\n  x-fairlead: &fairlead {secret_environment: {KEY: key}}\n"
)
WORKER = f"{COMMON}services:\n  web: {{image: 'acme/web:1', expose: ['80']}}\n  worker:\n    <<: *common\n    command: work\n"
LOST = "lost is secret_environment.KEY"


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".git").mkdir()
    (tmp_path / "fairlead.yaml").write_text(APP)
    for name in [name for name in os.environ if name.startswith(("FAIRLEAD_", "GITHUB_"))]:
        monkeypatch.delenv(name)


def _told(compose: str) -> str:
    Path("compose.yaml").write_text(compose)
    words = ["--plain", "validate", "--no-compose"]
    return CliRunner().invoke(command, words, catch_exceptions=False).output


def test_the_fix_that_asks_for_an_extension_keeps_the_one_that_is_merged() -> None:
    told = _told(WORKER)
    assert "x-fairlead: {health: none}" in told
    assert "begin its own with <<: *fairlead" in told
    assert "extension-replaced" not in told


def test_who_follows_half_of_it_is_told_what_is_lost() -> None:
    assert LOST in _told(f"{WORKER}    x-fairlead: {{health: none}}\n")


@pytest.mark.parametrize("own", ["", "    x-fairlead: {<<: *fairlead, health: none}\n"])
def test_who_follows_it_loses_nothing(own: str) -> None:
    assert "extension-replaced" not in _told(WORKER + own)


def test_a_service_without_a_merge_is_told_nothing_of_it() -> None:
    plain = WORKER.replace("    <<: *common\n", "    image: acme/worker:1.0\n")
    for own in ("", "    x-fairlead: {start: after}\n"):
        told = _told(plain + own)
        assert "x-fairlead: {health: none}" in told
        assert "<<: *fairlead" not in told
