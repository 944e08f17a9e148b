"""Texts of a repository that want to be obeyed: by the runner of GitHub Actions, by a terminal, by the reader's eye."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import unicodedata
from pathlib import Path

import pytest

KEY = "a\\r::stop-commands::x\\r::add-mask::e\\e]8;;https://evil.example\\a\\u202e##[set-output name=a]b"
"""As it stands in YAML, between double quotes."""
NAME = "compose\r::stop-commands::x\x1b[2J\u202e.yaml"
OURS = {"group", "endgroup", "error", "warning", "notice", "add-mask"}


def fairlead(folder: Path, *words: str, **environ: str) -> subprocess.CompletedProcess[bytes]:
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("GITHUB_", "FAIRLEAD_"))
    }
    return subprocess.run(
        [sys.executable, "-m", "fairlead", *words],
        cwd=folder,
        env={**kept, **environ},
        capture_output=True,
        check=False,
    )


def job(folder: Path) -> dict[str, str]:
    files = {name: str(folder / name.lower()) for name in ("GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT")}
    return {"GITHUB_ACTIONS": "true", **files}


def commands(log: str) -> set[str]:
    """What the runner obeys: ``::`` after white space, ``##[`` anywhere, in what it reads as a line."""
    lines = re.split("\r\n|\r|\n", log)
    new = (re.match(r"::([A-Za-z-]+)", line.strip()) for line in lines)
    old = (re.search(r"##\[([^\]]*)", line) for line in lines)
    return {match.group(1) for match in (*new, *old) if match is not None}


def steering(text: str) -> set[str]:
    return {c for c in text if c not in "\n\t" and unicodedata.category(c) in {"Cc", "Cf", "Zl", "Zp"}}


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    folder.mkdir()
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    hostile = f'services:\n  web:\n    "{KEY}": 1\n    image: "{KEY}"\n    labels: {{"{KEY}": ["{KEY}"]}}\n'
    (folder / "compose.yaml").write_text(hostile)
    (folder / NAME).write_text(hostile)
    return folder


@pytest.mark.parametrize("form", ["text", "github", "json", "sarif", "markdown", "junit"])
def test_keys_and_file_names_in_every_form_of_a_verdict(repository: Path, tmp_path: Path, form: str) -> None:
    """Workflow commands, escape sequences and reversed text in the keys, values and the name of a compose file.

    Holds: each is written out in every form of the verdict, in the log, the summary and the outputs of a
    job; the runner finds no command in the log but Fairlead's own.
    """
    for file in ("compose.yaml", NAME):
        done = fairlead(repository, "validate", "--no-compose", "--format", form, file, **job(tmp_path))
        log = done.stdout.decode() + "\n" + done.stderr.decode()
        assert done.returncode == 11, log
        assert commands(log) <= OURS
        assert steering(log) == set()
    assert steering((tmp_path / "github_step_summary").read_text()) == set()
    assert steering((tmp_path / "github_output").read_text()) == set()


def test_a_difference_shown_in_a_job(repository: Path, tmp_path: Path) -> None:
    """`validate --diff` shows lines of the file, one of them a command after a carriage return.

    Holds: no command and no control character is in what the job prints.
    """
    text = 'version: "3"\nx-a: "a\r  ::stop-commands::x\u202e"\nservices:\n  web:\n    image: nginx:1.29\n'
    (repository / "compose.yaml").write_bytes(text.encode())
    done = fairlead(repository, "validate", "--no-compose", "--diff", **job(tmp_path))
    log = done.stdout.decode() + done.stderr.decode()
    assert "-version" in log
    assert commands(log) <= OURS
    assert steering(log) == set()


@pytest.mark.integration
def test_a_dockerfile_that_talks_to_the_runner(repository: Path, tmp_path: Path) -> None:
    """A Dockerfile whose steps print workflow commands behind carriage returns, and names files so.

    Holds: buildx' lines and the error's reach the log with every control character written out, none of them a command.
    """
    (repository / "compose.yaml").unlink()
    (repository / NAME).unlink()
    (repository / "fairlead.yaml").write_text(
        "app: shop\nregistry: 127.0.0.1:5080/shop\nimages: {web: {dockerfile: Dockerfile}}\n"
    )
    trick = "\x1b[2J\r::stop-commands::x\r##[add-mask]e\u202e"
    (repository / "Dockerfile").write_text(f'FROM scratch\nCOPY ["{trick}", "/x"]\n')
    subprocess.run(["git", "add", "-A"], cwd=repository, check=True)
    identity = ["-c", "user.name=a", "-c", "user.email=a@b.example"]
    subprocess.run(["git", *identity, "commit", "-qm", "x"], cwd=repository, check=True)
    done = fairlead(repository, "build", **job(tmp_path), HOME=os.environ.get("HOME", "/"))
    log = done.stdout.decode() + "\n" + done.stderr.decode()
    assert done.returncode not in {0, 2}, log
    assert "stop-commands" in log
    assert commands(log) <= OURS
    assert steering(log) == set()
