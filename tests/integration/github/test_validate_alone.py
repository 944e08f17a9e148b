"""The action ``validate`` alone in a job: no ``setup`` before it, no engine, no scanner, and a machine that has nothing of Fairlead."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from tests.patience import PATIENCE

ROOT = Path(__file__).parents[3]
ACTION = ROOT / ".github" / "actions" / "validate"
# What `bootstrap` calls, of what every runner has.
PROGRAMS = (
    *("sh", "bash", "dirname", "python3", "cat", "sha256sum", "cut", "tr", "date", "mkdir", "chmod", "rm"),
    *("find", "sleep"),
)
BAD = "name: shop\nservices:\n  web:\n    image: nginx:1.29\n    privileged: true\n"
GOOD = "name: shop\nservices:\n  web:\n    image: nginx:1.29\n"
SETTINGS = """\
app: shop
compose: [compose.yaml]
environments:
  production: {hosts: [deploy@app.example.com], url: https://shop.example.com}
"""


class Runner:
    """A hosted runner, as far as a step can tell."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.cache = folder / "cache"
        self._programs = folder / "bin"
        self._programs.mkdir()
        for name in PROGRAMS:
            found = shutil.which(name)
            assert found, name
            # Not a link: an interpreter is told by where it lies.
            self._program(name, f'#!/bin/sh\nexec {found} "$@"\n')

    def _program(self, name: str, text: str) -> None:
        (self._programs / name).write_text(text)
        (self._programs / name).chmod(0o755)

    def put(self, name: str, text: str) -> None:
        """Another program on the PATH."""
        self._program(name, text)

    def step(self, workspace: Path, **inputs: str) -> subprocess.CompletedProcess[str]:
        """The action in a checkout; each of its steps as the runner calls it."""
        document = yaml.safe_load((ACTION / "action.yml").read_text())
        (step,) = document["runs"]["steps"]
        given = {name: inputs.get(name, spec["default"]) for name, spec in document["inputs"].items()}
        named = {
            variable: given[expression.split(".")[1].split()[0]]
            for variable, expression in step["env"].items()
        }
        return self.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]], workspace, named
        )

    def run(self, argv: list[str], folder: Path, more: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        """A program in a step."""
        environ = {
            "PATH": str(self._programs),
            "HOME": str(self.folder),
            "FAIRLEAD_CACHE": str(self.cache),
            "GITHUB_ACTIONS": "true",
            "GITHUB_ACTION_PATH": str(ACTION),
            "GITHUB_WORKSPACE": str(folder),
            "GITHUB_OUTPUT": str(self.folder / "output"),
            "GITHUB_STEP_SUMMARY": str(self.folder / "summary.md"),
            "RUNNER_TEMP": str(self.folder),
            # How this machine reaches its package index, where that takes more than a name.
            **{name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_"))},
            **more,
        }
        return subprocess.run(
            argv, cwd=folder, env=environ, capture_output=True, text=True, check=False, timeout=PATIENCE
        )


@pytest.fixture(scope="module")
def runner(tmp_path_factory: pytest.TempPathFactory) -> Runner:
    return Runner(tmp_path_factory.mktemp("runner"))


def test_it_finds_annotates_and_hands_over(runner: Runner, tmp_path: Path) -> None:
    """From nothing: it gets the two packages that it needs, and no more."""
    (tmp_path / "compose.yaml").write_text(BAD)
    ended = runner.step(tmp_path, format="text github sarif=found.sarif")
    assert ended.returncode == 11, ended.stderr
    assert "::error file=compose.yaml,line=5,col=17" in ended.stdout
    assert re.search(r"^passed<<(\w+)\nfalse\n\1$", (runner.folder / "output").read_text(), re.MULTILINE)
    rules = {
        one["ruleId"] for one in json.loads((tmp_path / "found.sarif").read_text())["runs"][0]["results"]
    }
    assert "privileged" in rules
    (made,) = (runner.cache / "venv").iterdir()
    packages = {
        one.name.partition("-")[0].lower() for one in made.glob("lib/python*/site-packages/*.dist-info")
    }
    assert packages == {"click", "pyyaml"}


def test_a_good_file_passes(runner: Runner, tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text(GOOD)
    ended = runner.step(tmp_path)
    assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.mark.parametrize(
    ("words", "code", "is_job"),
    [
        (("--help",), 0, False),
        (("nowhere.yaml",), 2, False),
        (("--nonsense",), 2, True),
        (("--format", "sarif", "--format", "junit", "--format", "json", "--format", "markdown"), 11, True),
        (("--diff", "--strict", "--profile", "production"), 11, True),
        (("--fix",), 11, False),
        (("--write-baseline",), 0, False),
        (("--json",), 11, False),
    ],
)
def test_all_of_it_works_with_what_it_installs(
    words: tuple[str, ...], code: int, is_job: bool, runner: Runner, tmp_path: Path
) -> None:
    """Whatever it is asked, in a job and out of one: nothing is missing."""
    (tmp_path / "compose.yaml").write_text(BAD)
    more = {} if is_job else {"GITHUB_ACTIONS": ""}
    ended = runner.run([str(ACTION / "bin" / "fairlead"), "validate", *words], tmp_path, more)
    assert ended.returncode == code, ended.stdout + ended.stderr
    assert "bug in Fairlead" not in ended.stdout + ended.stderr


@pytest.mark.parametrize(("old", "new", "code"), [("", "", 11), ("hosts:", "host:", 2)])
def test_fairlead_yaml_counts(old: str, new: str, code: int, runner: Runner, tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text(BAD)
    (tmp_path / "fairlead.yaml").write_text(SETTINGS.replace(old, new))
    ended = runner.step(tmp_path)
    assert ended.returncode == code, ended.stdout + ended.stderr


def test_what_setup_has_put_there_is_taken(runner: Runner, tmp_path: Path) -> None:
    runner.put("fairlead", '#!/bin/sh\necho "of setup: $*"\n')
    ended = runner.step(tmp_path)
    assert ended.stdout == "of setup: validate\n"
