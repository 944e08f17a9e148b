"""Which app a document is part of: as the command finds it, in the environment of the editor."""

from __future__ import annotations

import gc
from itertools import permutations
from pathlib import Path

import pytest

from fairlead.judge.verdict import Judged
from fairlead.lsp.apps import Apps, Seen, look

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


def test_what_was_looked_at_before_changes_nothing(tmp_path: Path) -> None:
    """A file that an app of another folder reads is the app of its own folder, in whatever order; each is judged once."""
    texts = {
        "compose.yaml": "include: [db/compose.yaml]\nservices:\n  web: {image: nginx, depends_on: [db]}\n",
        "compose.override.yaml": "services:\n  web: {restart: always}\n",
        "docker-compose.prod.yml": "services:\n  web: {extends: {file: compose.override.yaml, service: web}, image: a}\n",
        "db/compose.yaml": "services:\n  db: {image: postgres, privileged: true}\n",
        "db/compose.override.yaml": "services:\n  db: {init: true}\n",
        "values.yaml": "a: 1\n",
    }
    (tmp_path / "db").mkdir()
    paths = [tmp_path / name for name in texts]
    for path in paths:
        path.write_text(texts[str(path.relative_to(tmp_path))])
    alone = {path: [(one.folder, one.files) for one in seen(path)] for path in paths}
    assert {folder for apps in alone.values() for folder, _ in apps} == {tmp_path, tmp_path / "db"}
    assert [path.name for path in paths if not any(path in files for _, files in alone[path])] == [
        "values.yaml"
    ]
    for order in permutations(paths, 2):
        known: Apps = {}
        looked = {path: look(path, {}, ask=False, known=known) for path in order}
        assert {path: [(one.folder, one.files) for one in apps] for path, apps in looked.items()} == {
            path: alone[path] for path in looked
        }
        assert {id(one) for apps in looked.values() for one in apps} <= {id(one) for one in known.values()}


def test_of_a_verdict_only_names_are_kept(tmp_path: Path) -> None:
    """The layout that a deploy would ship is in it, with what is mounted: an editor stays open for days."""
    (tmp_path / "fairlead.yaml").write_text(
        "app: shop\ncompose: [compose.yaml]\nenvironments: {production: {hosts: [a@b.example.com]}}\n"
    )
    (tmp_path / "site.conf").write_text("# only-in-the-mounted-file\n")
    path = tmp_path / "compose.yaml"
    path.write_text(
        "services:\n  web:\n    image: nginx:1.29\n    volumes: ['./site.conf:/etc/site.conf:ro', 'data:/d']\nvolumes: {data: {}}\n"
    )
    before = [one for one in gc.get_objects() if isinstance(one, Judged)]
    (app,) = seen(path)
    assert app.declared["services"] == {"web"}
    assert app.declared["volumes"] == {"data"}
    gc.collect()
    kept = [one for one in gc.get_objects() if isinstance(one, Judged)]
    assert not [one for one in kept if all(one is not other for other in before)]
