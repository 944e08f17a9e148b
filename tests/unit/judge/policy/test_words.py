"""What findings say is true of an app that Fairlead deploys."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from fairlead.cli.root import command

APP = "app: shop\nregistry: ghcr.io/acme/shop\nenvironments: {production: {hosts: [deploy@h]}}\n"
WEB = "services:\n  web:\n    build: .\n    expose: ['80']\n"


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".git").mkdir()
    (tmp_path / "fairlead.yaml").write_text(APP)
    (tmp_path / "Dockerfile").write_text("FROM debian\n")
    for name in [name for name in os.environ if name.startswith(("FAIRLEAD_", "GITHUB_"))]:
        monkeypatch.delenv(name)


def _findings(tmp_path: Path, more: str, rule: str) -> list[str]:
    (tmp_path / "compose.yaml").write_text(WEB + more)
    words = ["--plain", "validate", "--no-compose", "--rule", rule]
    said = CliRunner().invoke(command, words, catch_exceptions=False).output
    return [line.partition(" ")[2] for line in said.splitlines() if line.endswith(f"[{rule}]")]


def test_a_container_name_that_a_release_leaves_out_costs_no_gap(tmp_path: Path) -> None:
    """What is rolled is not called so, and two of it stand side by side."""
    note = "note: web: container_name is left out, two releases stand side by side [container-name]"
    assert _findings(tmp_path, "    container_name: shop\n", "container-name") == [note]


def test_a_container_name_of_what_is_made_again_is_taken(tmp_path: Path) -> None:
    more = "    container_name: shop\n    x-fairlead: {rollout: recreate}\n"
    (said,) = _findings(tmp_path, more, "container-name")
    assert said.startswith("warning: web: container_name: shop: no second one of it on this host")


@pytest.mark.parametrize(
    ("user", "said"),
    [
        ("", "it says no user, so the image decides: most images run as root"),
        ("root", "its Dockerfile says USER root"),
        ("0:0", "its Dockerfile says USER 0, which is root"),
        (
            "nobody",
            "its Dockerfile says USER nobody, a name: what number it has, and whether it is 0, only the image tells",
        ),
    ],
)
def test_a_user_that_a_dockerfile_names(tmp_path: Path, user: str, said: str) -> None:
    (tmp_path / "Dockerfile").write_text(f"FROM debian\n{user and f'USER {user}'}\n")
    assert _findings(tmp_path, "", "runs-as-root") == [f"warning: web: {said} [runs-as-root]"]


@pytest.mark.parametrize(
    ("build", "said"),
    [
        ("{context: .}", ""),
        ("{context: ., args: {NUMBER: '0'}}", "its Dockerfile says USER 0, which is root"),
        ('{context: ., dockerfile_inline: "FROM debian\\nUSER 10001"}', ""),
        ('{context: ., dockerfile_inline: "FROM debian\\nUSER root"}', "its Dockerfile says USER root"),
    ],
)
def test_a_user_is_who_the_build_makes_of_it(tmp_path: Path, build: str, said: str) -> None:
    (tmp_path / "Dockerfile").write_text("FROM debian\nARG NUMBER=10001\nUSER ${NUMBER}\n")
    (tmp_path / "compose.yaml").write_text(f"services: {{web: {{build: {build}, expose: ['80']}}}}\n")
    words = ["--plain", "validate", "--no-compose", "--rule", "runs-as-root"]
    ended = CliRunner().invoke(command, words, catch_exceptions=False)
    assert f"web: {said}" in ended.output if said else "runs-as-root" not in ended.output, ended.output


def test_the_folder_of_the_files_has_no_path_of_this_machine(tmp_path: Path) -> None:
    (tmp_path / "app.py").touch()
    found = _findings(tmp_path, "    volumes: ['.:/srv/app']\n", "bind-mount")
    assert found
    assert not any(str(tmp_path) in said for said in found)
