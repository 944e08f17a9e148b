"""The doctor on this machine, in repositories that are well and that are not."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from fairlead.boundary import main
from fairlead.errors import ExitCode

GOOD = "app: board\nregistry: 127.0.0.1:9/board\nenvironments: {production: {hosts: [deploy@127.0.0.1:9]}}\n"


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clean repository with one commit, and the folder that commands run in."""
    root = tmp_path / "repository"
    root.mkdir()
    (root / "fairlead.yaml").write_text(GOOD)
    (root / "compose.yaml").write_text("services: {web: {image: nginx}}\n")
    git = ["git", "-c", "user.name=A", "-c", "user.email=a@example.com"]
    for words in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-q", "-m", "First"]):
        subprocess.run([*git, *words], cwd=root, check=True)
    monkeypatch.chdir(root)
    return root


def doctor(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, dict[str, Any]]]:
    code = main(["--json", "doctor", *words])
    checks = json.loads(capsys.readouterr().out)["checks"]
    return code, {check["name"]: check for check in checks}


@pytest.mark.usefixtures("repository")
def test_a_machine_and_a_repository_that_are_well(capsys: pytest.CaptureFixture[str]) -> None:
    code, checks = doctor(capsys, "--offline")
    assert code == ExitCode.OK
    assert {check["state"] for check in checks.values()} == {"ok"}
    assert {"docker", "buildx", "compose", "trivy", "ssh", "git", "engine", "commit"} <= set(checks)


def test_a_changed_tree_is_a_warning(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (repository / "new").touch()
    code, checks = doctor(capsys, "--offline")
    assert (code, checks["commit"]["state"]) == (ExitCode.OK, "warning")


def test_every_fault_of_the_settings_is_named(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (repository / "fairlead.yaml").write_text("app: Board\nimges: {}\n")
    code, checks = doctor(capsys, "--offline")
    assert code == ExitCode.INPUT
    assert "fairlead.yaml:1:6" in checks["fairlead.yaml"]["found"]
    assert "fairlead.yaml:2:1" in checks["fairlead.yaml"]["found"]


@pytest.mark.usefixtures("repository")
def test_an_engine_that_is_down(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    code, checks = doctor(capsys, "--offline")
    assert code == ExitCode.COMMAND_FAILED
    assert "DOCKER_HOST" in checks["engine"]["fix"]


@pytest.mark.usefixtures("repository")
def test_a_machine_without_tools(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    monkeypatch.setenv("FAIRLEAD_CACHE", str(tmp_path / "cache"))
    code, checks = doctor(capsys, "--offline")
    assert code == ExitCode.TOOL_MISSING
    assert checks["trivy"]["fix"] == "`fairlead setup` installs it"


@pytest.mark.usefixtures("repository")
def test_a_registry_and_a_server_that_do_not_answer(capsys: pytest.CaptureFixture[str]) -> None:
    code, checks = doctor(capsys)
    assert code == ExitCode.COMMAND_FAILED
    assert checks["production deploy@127.0.0.1:9"]["state"] == "failed"
    assert checks["production deploy@127.0.0.1:9"]["fix"]


@pytest.mark.usefixtures("repository")
def test_an_unknown_environment_names_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    code, checks = doctor(capsys, "-e", "prod")
    assert code == ExitCode.INPUT
    assert "production" in checks["environment"]["fix"]
