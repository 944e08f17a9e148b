"""``fairlead init`` beside other apps of the repository, as git lists their files."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import yaml

from fairlead.starter.beside import find_others
from tests.command import run_fairlead

WHO = ("-c", "user.name=Fairlead Test", "-c", "user.email=test@example.com")
SERVER = "deploy@app.acme.test"


def git(folder: Path, *words: str) -> None:
    subprocess.run(["git", *WHO, *words], cwd=folder, check=True, capture_output=True)


def test_what_git_has_or_would_take_is_looked_at_and_nothing_else(tmp_path: Path) -> None:
    """Committed or not yet; what it ignores, another repository in a folder, and what is gone are none of it."""
    top = tmp_path / "top"
    names = ("committed", "forced/ignored", "new", "new\nline", "gone", "ignored", "theme", "../beside")
    for name in names:
        file = top / name / "fairlead.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        live = {"hosts": [SERVER], "url": "https://other.acme.test"}
        file.write_text(yaml.safe_dump({"app": name, "environments": {"live": live}}))
    (top / ".gitignore").write_text("ignored\n")
    git(top / "theme", "init", "--quiet")
    git(top / "theme", "add", ".")
    git(top / "theme", "commit", "--quiet", "--message", "theme")
    git(top, "init", "--quiet")
    git(top, "add", "--force", "committed", "forced", "gone")
    git(top, "commit", "--quiet", "--message", "apps")
    (top / "gone" / "fairlead.yaml").unlink()

    app = top / "apps" / "shop"
    app.mkdir(parents=True)
    (app / "compose.yaml").write_text("services: {web: {image: 'web:1'}}\n")
    others = find_others(app)
    assert {one.app for one in others.tenants} == {"committed", "forced/ignored", "new", "new\nline"}
    assert others.unread == ()

    ended = run_fairlead(
        ("--json", "init", "--host", SERVER, "--url", "https://shop.acme.test"),
        cwd=app,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
    )
    assert ended.code == 0, ended
    assert yaml.safe_load(json.loads(ended.stdout)["text"])["environments"]["production"]["edge"] is True


def test_without_git_a_file_is_written_as_ever(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / "compose.yaml").write_text("services: {web: {image: 'web:1'}}\n")
    environ = {"PATH": str(tmp_path), "HOME": str(tmp_path)}
    ended = run_fairlead(("--json", "init"), cwd=tmp_path, env=environ)
    assert ended.code == 0, ended
