"""`./bootstrap` on a machine that has never seen it: the virtualenv is really made."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.patience import PATIENCE

ROOT = Path(__file__).parent.parent.parent


def _start(cache: Path, *words: str, **environ: str) -> subprocess.Popen[str]:
    # As from a shell: without this run's own virtualenv.
    path = os.pathsep.join(one for one in os.environ["PATH"].split(os.pathsep) if "fairlead" not in one)
    return subprocess.Popen(
        [str(ROOT / "bootstrap"), *words],
        env={**os.environ, "PATH": path, "FAIRLEAD_CACHE": str(cache), **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


def test_two_at_once_make_one_virtualenv(cache: Path) -> None:
    """The second waits for the first; a lock that a dead one left behind is no obstacle."""
    name = "runtime-"
    started = [_start(cache, "--for", "use", "fairlead", "--version")]
    deadline = time.monotonic() + PATIENCE
    while not (locks := list((cache / "venv").glob(f"{name}*.lock"))) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert locks
    started.append(_start(cache, "--for", "use", "fairlead", "--version"))
    ends = [(one.communicate(timeout=300), one.returncode) for one in started]
    assert [code for _, code in ends] == [0, 0], ends
    assert sum("making the virtualenv" in errors for (_, errors), _ in ends) == 1
    assert all(output.startswith("fairlead") for (output, _), _ in ends)
    assert [one.name.startswith(name) for one in (cache / "venv").iterdir()] == [True]


def test_a_dead_holder_of_the_lock_is_passed_by(cache: Path, tmp_path: Path) -> None:
    """A virtualenv that was not finished does not count, and the next one makes it."""
    [made] = (cache / "venv").iterdir()
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    unfinished = tmp_path / "venv" / made.name
    unfinished.mkdir(parents=True)
    lock = tmp_path / "venv" / f"{made.name}.lock"
    lock.mkdir()
    (lock / "pid").write_text(str(dead.pid))
    again = _start(tmp_path, "--for", "use", "true", FAIRLEAD_PYTHON="false")
    _, errors = again.communicate(timeout=120)
    assert "FAIRLEAD_PYTHON (false) is not Python 3.11" in errors
    assert again.returncode == 3
    assert not lock.exists()


def _spent() -> float:
    """Seconds of the processor that the programs which have ended took."""
    spent = os.times()
    return spent.children_user + spent.children_system


def test_a_warm_call_takes_no_time(cache: Path) -> None:
    """Under 0.3 s of the processor, best of three."""
    times = []
    for _ in range(3):
        began = _spent()
        with _start(cache, "--for", "use", "true") as started:
            assert started.wait() == 0
        times.append(_spent() - began)
    assert min(times) < 0.3


def test_the_code_is_that_of_the_checkout_that_calls(cache: Path, tmp_path: Path) -> None:
    """Clones share the virtualenv, not the code."""
    for name in ("bootstrap", "requirements"):
        source = ROOT / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, tmp_path / name)
    package = tmp_path / "ci" / "fairlead"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text("print('the other clone')")
    done = subprocess.run(
        [tmp_path / "bootstrap", "--for", "use", "fairlead"],
        env={**os.environ, "FAIRLEAD_CACHE": str(cache)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.stdout, done.stderr) == ("the other clone\n", "")


def test_a_python_that_is_too_old_is_refused_in_one_line(tmp_path: Path) -> None:
    """Whatever a shim of that name does instead."""
    old = tmp_path / "python3"
    old.write_text("#!/bin/sh\necho 'pyenv: python3: command not found' >&2\nexit 127\n")
    old.chmod(0o755)
    refused = _start(tmp_path / "cache", "true", FAIRLEAD_PYTHON=str(old))
    _, errors = refused.communicate(timeout=PATIENCE)
    assert refused.returncode == 3
    assert [line for line in errors.splitlines() if "3.11" in line] == errors.splitlines()
    assert list((tmp_path / "cache" / "venv").iterdir()) == []
