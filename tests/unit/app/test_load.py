from __future__ import annotations

from pathlib import Path

import pytest

from fairlead.app.load import load_app
from fairlead.app.model import ComposeApp
from fairlead.composefile.loader import load_model
from fairlead.errors import ComposeInvalidError
from fairlead.settings.values import Environment, Settings


def app_settings(root: Path, text: str) -> Settings:
    (root / "compose.yaml").write_text(text)
    return Settings(path=root / "fairlead.yaml", root=root, app="board", compose=(root / "compose.yaml",))


def load(settings: Settings, **variables: str) -> ComposeApp:
    environment = Environment(name="production", hosts=(), variables=variables)
    return load_app(settings, environment, registry="r.io/a", tag="sha-0", revision="0")


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        ("services:\n  web:\n    image: x\n    depends_on: [db]\n", "4:18", "db"),
        ("services:\n  web:\n    image: x\n    networks: [n]\n", "4:16", "network n"),
        ("services:\n  web:\n    image: ${I:?not given}\n", "3:12", "I is not set: not given"),
        ("services:\n  web:\n    image: ${I\n", "3:12", "not closed"),
        ("services:\n  web:\n    image: x\n    secrets: [s]\n", "4:15", "secret s"),
        ("services:\n  web:\n    image: x\n    extends: wep\n", "4:14", "wep"),
        ("include: [none.yaml]\nservices: {}\n", "1:11", "none.yaml"),
    ],
)
def test_what_compose_refuses_has_a_place(tmp_path: Path, text: str, place: str, words: str) -> None:
    with pytest.raises(ComposeInvalidError) as raised:
        load(app_settings(tmp_path, text))
    (finding,) = raised.value.findings
    assert str(finding.location).endswith(f"compose.yaml:{place}")
    assert words in finding.what


def test_nothing_of_the_shell_is_put_into_the_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable of the shell beats every env file in Compose: a rollback would start today's image."""
    monkeypatch.setenv("TAG", "from-the-shell")
    monkeypatch.setenv("COMPOSE_FILE", "elsewhere.yaml")
    monkeypatch.setenv("COMPOSE_PROFILES", "x")
    text = "services: {web: {image: 'nginx:${TAG:-default}', environment: [TAG]}}\n"
    app = load(app_settings(tmp_path, text))
    assert app.services["web"].reference == "nginx:default"
    # What is written without a value is asked of the caller, and of him alone.
    assert app.services["web"].definition["environment"] == {"TAG": "from-the-shell"}


def test_an_env_file_beside_the_compose_file_is_read_and_told(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("TAG=from-the-file\nSITE=from-the-file\n")
    text = "services: {web: {image: 'nginx:${TAG}-${SITE}-${NONE}'}}\n"
    app = load(app_settings(tmp_path, text), SITE="declared")
    assert app.services["web"].reference == "nginx:from-the-file-declared-"
    assert [note.rule for note in app.notes] == ["env-file", "unset-variable"]
    assert app.notes[1].location is not None
    assert str(app.notes[1].location).endswith("compose.yaml:1:25")


@pytest.mark.parametrize("said", ["$PWD", "${PWD}", "${PWD:?}"])
def test_pwd_is_the_folder_of_the_compose_file(tmp_path: Path, said: str) -> None:
    """A shell sets it for whoever runs docker compose there: `$PWD/Caddyfile:/etc/caddy/Caddyfile` stands in many files."""
    (tmp_path / "Caddyfile").write_text(":80\n")
    (tmp_path / "compose.yaml").write_text(
        f"services:\n  web:\n    image: caddy:2\n    volumes: ['{said}/Caddyfile:/etc/caddy/Caddyfile']\n"
    )
    model = load_model([tmp_path / "compose.yaml"], variables={})
    assert not model.faults
    assert model.value["services"]["web"]["volumes"][0]["source"] == str(tmp_path / "Caddyfile")
    assert [use.name for use in model.uses if not use.is_set] == []
    other = load_model([tmp_path / "compose.yaml"], variables={"PWD": "/srv"})
    assert other.value["services"]["web"]["volumes"][0]["source"] == "/srv/Caddyfile"
