from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

GIT = ("git", "-c", "user.name=Mallory", "-c", "user.email=mallory@example.com")
SETTINGS = """\
app: shop
registry: registry.example.com/shop
images: {web: {dockerfile: Dockerfile, context: CONTEXT}}
environments: {production: {hosts: [deploy@127.0.0.1]}}
"""


@pytest.mark.parametrize("place", ["deploy", "deploy/app", "."], ids=["itself", "below", "context"])
def test_a_folder_that_git_takes_for_a_repository(tmp_path: Path, place: str) -> None:
    """A folder with `HEAD`, `objects`, `refs` and a `config` that names a filter is tracked; the app is there, below, or builds of it.

    Holds: refused before git or a builder is asked, by the name of the folder, exit code 2; the command does not run.
    """
    marker, author, inner = tmp_path / "ran", tmp_path / "author", tmp_path / "inner"
    folder, app = author / "deploy", author / place
    folder.mkdir(parents=True)
    app.mkdir(exist_ok=True)
    context = "deploy" if place == "." else "."
    (app / "fairlead.yaml").write_text(SETTINGS.replace("CONTEXT", context))
    (app / "Dockerfile").write_text("FROM scratch\nCOPY fairlead.yaml /\n")
    (folder / "note").write_text("x\n")
    (folder / ".gitattributes").write_text("* filter=x\n")
    shutil.copytree(author, inner)
    git(inner / "deploy", "init", "--quiet", "--initial-branch", "main")
    git(inner / "deploy", "add", "--all")
    git(inner / "deploy", "commit", "--quiet", "--message", "x")
    for name in ("HEAD", "objects", "refs", "index"):
        (inner / "deploy" / ".git" / name).rename(folder / name)
    (folder / "config").write_text(
        "[core]\n\trepositoryformatversion = 0\n\tbare = false\n\tworktree = .\n"
        f'[filter "x"]\n\tclean = "touch {marker}; cat"\n'
    )
    git(author, "init", "--quiet")
    git(author, "add", "--all")
    git(author, "commit", "--quiet", "--message", "improve")
    git(tmp_path, "clone", "--quiet", str(author), "victim")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("FAIRLEAD_")}
    done = subprocess.run(
        [sys.executable, "-m", "fairlead", "--json", "build", "--dry-run"],
        cwd=tmp_path / "victim" / place,
        env=kept,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert not marker.exists(), done
    assert done.returncode == 2, done
    assert str(tmp_path / "victim" / "deploy") in done.stdout, done


def git(folder: Path, *words: str) -> None:
    subprocess.run([*GIT, *words], cwd=folder, check=True)
