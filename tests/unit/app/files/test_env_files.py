"""A file of variables that git does not have: told where it lies, and not first by a job that lacks it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from fairlead.app.files.env_files import untracked_env_files
from fairlead.cli.root import command
from fairlead.composefile.loader import load_model

APP = "app: shop\nregistry: ghcr.io/acme/shop\nenvironments: {production: {hosts: [deploy@h]}}\n"
WEB = "services:\n  web:\n    image: acme/web:1.29\n    expose: ['80']\n    env_file: "
VALUES = "SECRET_KEY=canary\nLOG_LEVEL=canary\nDATABASE_URL=postgres://app:canary@db/app\n"


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "fairlead.yaml").write_text(APP)
    for name in [name for name in os.environ if name.startswith(("FAIRLEAD_", "GITHUB_"))]:
        monkeypatch.delenv(name)


@pytest.fixture
def track(tmp_path: Path) -> Callable[..., None]:
    """Let an index of git's have these files, and no other."""

    def write(*names: str) -> None:
        content = b"DIRC" + (2).to_bytes(4, "big") + len(names).to_bytes(4, "big")
        for name in sorted(names):
            entry = bytes(60) + len(name).to_bytes(2, "big") + name.encode()
            content += entry + bytes(8 - len(entry) % 8)
        (tmp_path / ".git").mkdir(exist_ok=True)
        (tmp_path / ".git" / "index").write_bytes(content)

    return write


def _told(env_file: str) -> str:
    Path("compose.yaml").write_text(f"{WEB}{env_file}\n")
    words = ["--plain", "validate", "--no-compose"]
    told = CliRunner().invoke(command, words, catch_exceptions=False).output
    assert "canary" not in told
    return " ".join(told.split())


def _names_the_way(told: str) -> bool:
    return (
        "secret_environment: {SECRET_KEY: secret_key, DATABASE_URL: database_url}" in told
        and "(LOG_LEVEL) under environment:" in told
        and "docs/secrets.md" in told
    )


@pytest.mark.parametrize("form", ["{}", "[{}]", "[{{path: {}}}]", "[{{path: {}, required: true}}]"])
@pytest.mark.parametrize("name", [".env", "config/app.env"])
def test_a_file_that_is_not_in_git_is_an_error_where_it_lies(
    form: str, name: str, track: Callable[..., None]
) -> None:
    track("compose.yaml")
    Path(name).parent.mkdir(exist_ok=True)
    Path(name).write_text(VALUES)
    told = _told(form.format(f"./{name}"))
    assert f"{name} is not in git: a deploy of CI has no such file, and fails [env-file]" in told
    assert "error: " in told.partition("is not in git")[0]
    assert _names_the_way(told)
    track("compose.yaml", name)
    assert "is not in git" not in _told(form.format(f"./{name}"))


def test_an_example_tells_the_names_of_a_file_that_is_not_there(track: Callable[..., None]) -> None:
    track("compose.yaml")
    told = _told(".env")
    assert "can't be read" in told
    assert "secret_environment: {NAME: name}" in told
    Path(".env.example").write_text(
        "# what is needed\nexport SECRET_KEY=\nLOG_LEVEL=canary\nDATABASE_URL=postgres://a:canary@b\n"
    )
    told = _told(".env")
    assert "can't be read" in told
    assert _names_the_way(told)


def test_no_baseline_takes_it(track: Callable[..., None]) -> None:
    track("compose.yaml")
    Path(".env").write_text(VALUES)
    _told(".env")
    CliRunner().invoke(command, ["--plain", "validate", "--no-compose", "--write-baseline"])
    assert "is not in git" in _told(".env")


def test_values_that_a_job_lacks_are_a_note(track: Callable[..., None]) -> None:
    track("compose.yaml")
    Path("compose.yaml").write_text(f"{WEB}[{{path: .env, required: false}}]\n")
    assert untracked_env_files(load_model([Path("compose.yaml")], variables={})) == ([], [])
    Path(".env").write_text(VALUES)
    faults, notes = untracked_env_files(load_model([Path("compose.yaml")], variables={}))
    assert not faults
    assert ["goes without its values" in one.what for one in notes] == [True]


def test_without_git_nothing_is_said() -> None:
    Path(".git").mkdir()
    Path(".env").write_text(VALUES)
    assert "not in git" not in _told(".env")
