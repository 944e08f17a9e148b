"""The host agent's unit tests under the oldest Python that a server may have, in `make test-all` also under the newest.

The agent runs on whatever Python a server has, from 3.9 on, so a check of its syntax is not enough.
Interpreters are looked for on the PATH, in pyenv, and by uv (which may fetch them); each gets a virtualenv
of its own in the cache, with what the tests need (requirements/host-test.txt).
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

from fairlead.tools.cache import cache_dir
from tests.tiers import is_every_test

ROOT = Path(__file__).parent.parent
LOCK = ROOT / "requirements" / "host-test.txt"
TESTS = ROOT / "tests" / "unit" / "host"
# They go the same ways thousands of times over, which no version of Python makes another matter.
ONCE = ("test_fuzz.py", "test_power_cut.py")

OLDEST = ("3.9",)
NEWEST = ("3.14", "3.13")


def run_host_tests() -> int:
    """Run them; an interpreter that can't be had is named, and is no failure."""
    status = 0
    for versions in (OLDEST, NEWEST) if is_every_test(os.environ) else (OLDEST,):
        python = next(filter(None, map(find_interpreter, versions)), None)
        if python is None:
            print(f"host agent: no Python {' or '.join(versions)} to be had here, skipped")
            continue
        status |= _run_under(python)
    return status


def find_interpreter(version: str) -> Path | None:
    """An interpreter of this minor version that runs, or None."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    on_path = shutil.which(f"python{version}")
    candidates = [*sorted(pyenv.glob(f"{version}.*/bin/python")), *([Path(on_path)] if on_path else [])]
    for candidate in candidates:
        if _answers(candidate, version):
            return candidate
    found = _run("uv", "python", "find", "--no-project", "--system", version)
    path = Path(found.stdout.strip())
    return path if found.returncode == 0 and _answers(path, version) else None


def _answers(python: Path, version: str) -> bool:
    code = "import sys, venv, ensurepip; print('.'.join(map(str, sys.version_info[:2])))"
    try:
        return _run(str(python), "-c", code).stdout.strip() == version
    except OSError:
        return False


def _run_under(python: Path) -> int:
    environment = _environment(python)
    print(f"host agent: {python}", flush=True)
    without = [f"--ignore={TESTS / name}" for name in ONCE]
    return subprocess.run(
        [environment / "bin" / "python", "-m", "pytest", "-q", "-p", "no:cacheprovider", *without, TESTS],
        cwd=ROOT,
        # What it compiles is kept beside the virtualenv, not between the tests of this machine's user.
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT / "ci"),
            "PYTHONPYCACHEPREFIX": str(environment / "pycache"),
        },
        check=False,
    ).returncode


def _environment(python: Path) -> Path:
    key = hashlib.sha256(LOCK.read_bytes() + str(python).encode()).hexdigest()[:16]
    folder = cache_dir() / "venv" / f"host-{key}"
    if not (folder / "ready").is_file():
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([python, "-m", "venv", folder], check=True)
        install: list[str | Path] = [
            "-m",
            "pip",
            "install",
            "-q",
            "--no-deps",
            "--require-hashes",
            "-r",
            LOCK,
        ]
        subprocess.run([folder / "bin" / "python", *install], check=True)
        (folder / "ready").write_text("")
    return folder


def _run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL)


if __name__ == "__main__":
    sys.exit(run_host_tests())
