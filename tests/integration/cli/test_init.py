"""``fairlead init`` beside another app of the repository, as git lists its files."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.command import run_fairlead

WHO = ("-c", "user.name=Fairlead Test", "-c", "user.email=test@example.com")
SERVER = "deploy@app.acme.test"
OTHER = f"app: other\nenvironments: {{live: {{hosts: [{SERVER}], url: https://other.acme.test}}}}\n"


def git(folder: Path, *words: str) -> None:
    subprocess.run(["git", *WHO, *words], cwd=folder, check=True, capture_output=True)


def init(folder: Path, home: Path) -> dict[str, Any]:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "compose.yaml").write_text("services: {web: {image: 'web:1'}}\n")
    ended = run_fairlead(
        ("--json", "init", "--force", "--host", SERVER, "--url", "https://a.acme.test"),
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(home)},
    )
    assert ended.code == 0, ended.log
    document = yaml.safe_load(json.loads(ended.stdout)["text"])
    production: dict[str, Any] = document["environments"]["production"]
    return production


@pytest.mark.parametrize(
    ("folder", "seen"),
    [
        ("other", True),
        ("new\nline", True),
        ("../beside", False),
        ("node_modules/other", False),
        ("theme", False),
        ("removed", False),
    ],
)
def test_what_git_has_or_would_take_is_looked_at_and_nothing_else(
    folder: str, seen: bool, tmp_path: Path
) -> None:
    """Committed or not yet; what it ignores, another repository in a folder, and what is gone are none of it."""
    top = tmp_path / "top"
    top.mkdir()
    git(top, "init", "--quiet")
    (top / ".gitignore").write_text("node_modules\n")
    file = top / folder / "fairlead.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(OTHER)
    if folder == "theme":
        git(file.parent, "init", "--quiet")
        git(file.parent, "add", ".")
        git(file.parent, "commit", "--quiet", "--message", "theme")
    states = [False] if folder == "removed" else [seen]
    if folder == "removed":
        git(top, "add", ".")
        file.unlink()
    for state in states:
        assert init(top / "apps" / "shop", tmp_path).get("edge", False) is state
    git(top, "add", ".gitignore", "apps")
    git(top, "add", "--all", "--force", ".") if folder == "other" else None
    assert init(top / "apps" / "shop", tmp_path).get("edge", False) is seen


def test_without_git_a_file_is_written_as_ever(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "compose.yaml").write_text("services: {web: {image: 'web:1'}}\n")
    ended = run_fairlead(("--json", "init"), cwd=tmp_path, env={"PATH": str(tmp_path), "HOME": str(tmp_path)})
    assert ended.code == 0, ended.log
