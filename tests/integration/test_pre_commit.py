"""The hooks, as pre-commit installs and runs them in somebody's repository."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.patience import PATIENCE

ROOT = Path(__file__).parents[2]
# What is installed from, of this repository.
NEEDED = (
    ".pre-commit-hooks.yaml",
    "ci/fairlead",
    "docs/rules",
    "pyproject.toml",
    "requirements",
    "README.md",
    "LICENSE",
)
BAD = "name: shop\nservices:\n  web:\n    image: nginx:1.29\n    privileged: true\n"
GOOD = "name: shop\nservices:\n  web:\n    image: nginx:1.29\n"


def git(folder: Path, *words: str) -> str:
    who = ("-c", "user.name=Test", "-c", "user.email=test@example.com", "-c", "core.hooksPath=/dev/null")
    done = subprocess.run(["git", *who, *words], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def copy_of_fairlead(folder: Path) -> str:
    """A repository with what is here, committed or not; its commit."""
    names = git(ROOT, "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *NEEDED)
    for name in filter(None, names.split("\0")):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, folder / name, follow_symlinks=False)
    git(folder, "init", "--quiet")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "Fairlead")
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository whose hooks are ours, installed once: that asks the package index."""
    fairlead, folder = tmp_path_factory.mktemp("fairlead"), tmp_path_factory.mktemp("repository")
    commit = copy_of_fairlead(fairlead)
    hooks = "[{id: fairlead-validate}, {id: fairlead-validate-app}]"
    (folder / ".pre-commit-config.yaml").write_text(
        f"repos:\n- {{repo: 'file://{fairlead}', rev: {commit}, hooks: {hooks}}}\n"
    )
    git(folder, "init", "--quiet")
    return folder


def run(repository: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environ = {
        name: value for name, value in os.environ.items() if not name.startswith(("FAIRLEAD_", "GIT_"))
    }
    environ |= {
        "PRE_COMMIT_HOME": str(repository.parent / "pre-commit"),
        "PRE_COMMIT_COLOR": "never",
        "PIP_NO_COMPILE": "1",
    }
    environ.pop("PYTHONPATH", None)
    git(repository, "add", "--all")
    return subprocess.run(
        [sys.executable, "-m", "pre_commit", "run", *words],
        cwd=repository, env=environ, capture_output=True, text=True, check=False, timeout=10 * PATIENCE,
    )  # fmt: skip


def test_a_bad_file_is_held_and_a_good_one_is_not(repository: Path) -> None:
    """Of the changed compose files each on its own; other YAML is none of its business."""
    (repository / "compose.yaml").write_text(GOOD)
    (repository / "other").mkdir()
    (repository / "other" / "docker-compose.yml").write_text(BAD)
    (repository / "other" / "workflow.yaml").write_text("services: 7\n")
    ended = run(repository, "fairlead-validate")
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert "other/docker-compose.yml:5:17: error: web: privileged" in ended.stdout
    assert "workflow.yaml" not in ended.stdout
    (repository / "other" / "docker-compose.yml").write_text(GOOD)
    ended = run(repository)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert ended.stdout.count("Passed") == 2


def test_all_that_fairlead_yaml_declares_is_held(repository: Path) -> None:
    """Though none of its files has changed."""
    (repository / "fairlead.yaml").write_text("app: shop\nenvironments: {}\nnonsense: 1\n")
    ended = run(repository, "fairlead-validate-app")
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert "fairlead.yaml:3:1" in ended.stdout
