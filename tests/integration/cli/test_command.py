"""What is forked for the tests is the command that a user starts: ``tests/command.py``."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.command import run_fairlead
from tests.ended import Ended


def _started(words: tuple[str, ...], folder: Path, environ: dict[str, str]) -> Ended:
    argv = [sys.executable, "-m", "fairlead", *words]
    done = subprocess.run(argv, cwd=folder, env=environ, capture_output=True, text=True, check=False)
    return Ended(done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize(
    "words",
    [("--version",), ("--help",), ("nonsense",), ("--json", "plan"), ("plan", "--host")],
    ids=" ".join,
)
def test_it_ends_and_says_as_one_that_is_started_from_scratch(words: tuple[str, ...], tmp_path: Path) -> None:
    environ = {"PATH": os.environ["PATH"], "PYTHONPATH": os.environ["PYTHONPATH"], "HOME": str(tmp_path)}
    assert run_fairlead(words, cwd=tmp_path, env=environ) == _started(words, tmp_path, environ)


def test_it_has_the_environment_and_the_folder_of_its_call(tmp_path: Path) -> None:
    """And those of no call before."""
    (tmp_path / "fairlead.yaml").write_text("app: board\nenvironments: {production: {hosts: [a@b]}}\n")
    (tmp_path / "compose.yaml").write_text("services: {web: {image: web}}\n")
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    for number in ("1", "2"):
        more = {"FAIRLEAD_ENVIRONMENT": f"staging-{number}"}
        ended = run_fairlead(("--json", "history"), cwd=tmp_path, env={**environ, **more})
        assert f"staging-{number}" in ended.stdout, ended
    ended = run_fairlead(("--json", "history"), cwd=tmp_path, env=environ)
    assert "staging" not in ended.stdout


def test_one_that_does_not_end_is_killed(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        words = ("lab", "load", f"http://127.0.0.1:{mute.getsockname()[1]}", "--for", "1h")
        with pytest.raises(subprocess.TimeoutExpired):
            run_fairlead(words, cwd=tmp_path, env=dict(os.environ), timeout=1)
