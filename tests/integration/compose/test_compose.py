"""What only Compose itself can tell: that the recorded models are its own, and how it refuses."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from fairlead.cli.root import command as fairlead
from fairlead.compose import load_app
from fairlead.compose.check import load_stand_in, settings_request
from fairlead.compose.verdict import judge
from fairlead.errors import ComposeInvalidError, InputError
from fairlead.schemas import load_schema
from fairlead.settings import Environment, Settings
from tests.unit.compose import foreign


@pytest.mark.parametrize("name", foreign.names())
def test_the_golden_release_is_what_compose_of_this_machine_makes(name: str) -> None:
    """The definitions are cleaned of what differs from one Compose to the next, so any supported one will do."""
    assert foreign.split_app(foreign.resolved_app(name)).document() == foreign.golden(name)


def app_settings(root: Path, text: str) -> Settings:
    (root / "compose.yaml").write_text(text)
    return Settings(path=root / "fairlead.yaml", root=root, app="board", compose=(root / "compose.yaml",))


def refusal(root: Path, text: str) -> str:
    with pytest.raises(ComposeInvalidError) as raised:
        load_stand_in(app_settings(root, text), Environment(name="production", hosts=()))
    (finding,) = raised.value.findings
    assert finding.location is not None
    return f"{finding.location.line}:{finding.location.column} {finding.what}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "services:\n  web:\n    image: x\n    depends_on: [db]\n",
            '4:18 service "web" depends on undefined service',
        ),
        (
            "services:\n  web:\n    image: x\n    networks: [n]\n",
            '4:16 service "web" refers to undefined network n',
        ),
        (
            "services:\n  web:\n    image: ${I:?not given}\n",
            "3:12 error while interpolating services.web.image",
        ),
        ("services:\n  web:\n    image: ${I\n", "3:12 invalid interpolation format for services.web.image"),
        (
            "services:\n  web:\n    image: x\n    secrets: [s]\n",
            '4:15 service "web" refers to undefined secret s',
        ),
    ],
)
def test_what_compose_refuses_has_a_place(tmp_path: Path, text: str, expected: str) -> None:
    assert refusal(tmp_path, text).startswith(expected)


def test_nothing_of_the_shell_reaches_the_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable of the shell beats every env file in Compose: a rollback would start today's image."""
    monkeypatch.setenv("TAG", "from-the-shell")
    monkeypatch.setenv("COMPOSE_FILE", "elsewhere.yaml")
    monkeypatch.setenv("COMPOSE_PROFILES", "x")
    settings = app_settings(
        tmp_path, "services: {web: {image: 'nginx:${TAG:-default}', environment: [TAG]}}\n"
    )
    app = load_app(settings, Environment(name="p", hosts=()), registry="r.io/a", tag="sha-0", revision="0")
    assert app.services["web"].reference == "nginx:default"
    assert app.services["web"].definition["environment"] == {"TAG": None}


def test_an_env_file_beside_the_compose_file_is_read_and_told(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("TAG=from-the-file\nSITE=from-the-file\n")
    settings = app_settings(tmp_path, "services: {web: {image: 'nginx:${TAG}-${SITE}-${NONE}'}}\n")
    environment = Environment(name="p", hosts=(), variables={"SITE": "declared"})
    app = load_app(settings, environment, registry="r.io/a", tag="sha-0", revision="0")
    assert app.services["web"].reference == "nginx:from-the-file-declared-"
    assert [note.rule for note in app.notes] == ["env-file", "unset-variable"]
    assert app.notes[1].location is not None
    assert str(app.notes[1].location).endswith("compose.yaml:1:25")


def test_init_and_validate_on_a_foreign_app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first two commands that anybody runs: they work, and print what their schemas say."""
    root = tmp_path / "shop"
    shutil.copytree(foreign.APPS / "nginx_flask_mysql", root)
    (root / "fairlead.yaml").unlink()
    monkeypatch.chdir(root)

    def run(verb: str, exit_code: int = 0) -> Any:
        result = CliRunner().invoke(fairlead, ["--json", verb], catch_exceptions=False)
        assert result.exit_code == exit_code, result.output
        document = json.loads(result.stdout)
        Draft202012Validator(load_schema(verb)).validate(document)
        return document

    assert run("init")["written"]
    # It breaks rules of the policy; what else there is to know is told all the same.
    (environment,) = run("validate", 11)["environments"]
    assert {name: service["role"] for name, service in environment["services"].items()} == {
        "db": "state",
        "backend": "app",
        "proxy": "app",
    }
    with pytest.raises(InputError, match="is there already"):
        CliRunner().invoke(fairlead, ["init"], catch_exceptions=False, standalone_mode=False)


def test_all_environments_are_validated_and_a_common_fault_is_told_once(tmp_path: Path) -> None:
    settings = app_settings(tmp_path, "services:\n  web:\n    image: ${I:?}\n")
    environments = tuple(Environment(name=name, hosts=()) for name in ("a", "b"))
    verdict = judge(settings_request(settings, environments))
    assert len(verdict.judged) == 2
    assert [finding.rule for finding in verdict.findings].count("interpolation") == 1


def test_a_release_document_is_plain_json(tmp_path: Path) -> None:
    document = foreign.split_app(foreign.resolved_app("own_proxy")).document()
    assert json.loads(json.dumps(document)) == document
