"""Which app a document is part of: as the command finds it, in the environment of the editor."""

from __future__ import annotations

from pathlib import Path

import pytest

from fairlead.lsp.apps import Seen, look

PLAIN = "name: shop\nservices:\n  web:\n    image: nginx:${TAG:?}\n"


@pytest.fixture(autouse=True)
def _own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".git").mkdir()
    monkeypatch.chdir(tmp_path)
    for name in ("COMPOSE_FILE", "COMPOSE_ENV_FILES", "COMPOSE_DISABLE_ENV_FILE", "TAG"):
        monkeypatch.delenv(name, raising=False)


def seen(path: Path) -> tuple[Seen, ...]:
    return look(path, {}, ask=False)


def rules(path: Path) -> set[str]:
    return {finding.rule for one in seen(path) for found in one.findings.values() for finding in found}


@pytest.mark.parametrize(
    ("variable", "value", "is_set"),
    [
        ("COMPOSE_ENV_FILES", "other.env", True),
        ("COMPOSE_ENV_FILES", "", True),
        ("COMPOSE_DISABLE_ENV_FILE", "1", False),
        ("COMPOSE_DISABLE_ENV_FILE", "0", True),
    ],
)
def test_files_of_variables_are_those_of_the_environment(
    variable: str, value: str, is_set: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "compose.yaml"
    path.write_text(PLAIN)
    (tmp_path / ("other.env" if value == "other.env" else ".env")).write_text("TAG=1.29\n")
    monkeypatch.setenv(variable, value)
    assert ("interpolation" not in rules(path)) is is_set


def test_a_variable_that_compose_does_not_understand_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "compose.yaml"
    path.write_text(PLAIN)
    monkeypatch.setenv("COMPOSE_DISABLE_ENV_FILE", "perhaps")
    assert rules(path) == {"settings"}


def test_a_file_is_part_of_what_the_environment_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = tmp_path / "compose.yaml", tmp_path / "prod.yaml"
    one.write_text(PLAIN)
    two.write_text("services:\n  web: {restart: always}\n")
    assert seen(two) == ()
    monkeypatch.setenv("COMPOSE_FILE", "compose.yaml:prod.yaml")
    (app,) = seen(two)
    assert {one, two} <= app.files


@pytest.mark.parametrize("name", ["compose.override.yaml", "docker-compose.prod.yml"])
def test_a_compose_file_that_is_part_of_nothing_is_one_of_its_own(name: str, tmp_path: Path) -> None:
    """An override over its base, as with `--each`."""
    folder = tmp_path / "deploy"
    folder.mkdir()
    (folder / "compose.yml").write_text(PLAIN)
    path = folder / name
    path.write_text("services:\n  web: {image: nginx, restart: always}\n")
    (app,) = seen(path)
    assert path in app.files
    assert (folder / "compose.yml" in app.files) is ("override" in name)
