"""The first commands on a foreign app, with the docker-compose of this machine beside them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator

from fairlead.cli.root import command as fairlead
from fairlead.errors import InputError
from fairlead.judge.request import settings_request
from fairlead.judge.run import judge
from fairlead.schemas import load_schema
from fairlead.settings.values import Environment, Settings
from tests.unit.app import foreign


def app_settings(root: Path, text: str) -> Settings:
    (root / "compose.yaml").write_text(text)
    return Settings(path=root / "fairlead.yaml", root=root, app="board", compose=(root / "compose.yaml",))


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
    document = foreign.split_app(foreign.app_of("own_proxy")).document()
    assert json.loads(json.dumps(document)) == document
