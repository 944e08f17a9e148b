"""The image of ``fairlead validate`` (ci/Dockerfile), built on the lab's Python and run as a job would run it."""

from __future__ import annotations

import os
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.state import Lab
from tests.patience import PATIENCE

ROOT = Path(__file__).parents[3]
BASE = "python:3.13-slim"
CA = "/etc/ssl/certs/ca-certificates.crt"
BAD = "name: shop\nservices:\n  web:\n    image: nginx:1.29\n    privileged: true\n"


def docker(*words: str, timeout: float = PATIENCE) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["docker", *words], capture_output=True, text=True, check=False, timeout=timeout)


@pytest.fixture(scope="module")
def image(lab: Lab) -> Iterator[str]:
    """The image; its layers stay in the builder's cache."""
    name = f"fairlead-validate-test:{uuid.uuid4().hex[:12]}"
    words = ("--load", "-f", str(ROOT / "ci" / "Dockerfile"), "-t", name)
    base = ("--build-context", f"{BASE}=docker-image://{lab.registry}/library/{BASE}")
    secret = ("--secret", f"id=ca,src={CA}") if Path(CA).is_file() else ()
    built = docker("buildx", "build", "--quiet", *words, *base, *secret, str(ROOT), timeout=10 * PATIENCE)
    assert built.returncode == 0, built.stderr
    yield name
    docker("image", "rm", "--force", name)


def test_it_judges_what_is_mounted_and_can_do_nothing_else(image: str, tmp_path: Path) -> None:
    """No network, nothing to write to, no root; a module in the working directory is not taken for Python's."""
    (tmp_path / "compose.yaml").write_text(BAD)
    tmp_path.chmod(0o755)
    (tmp_path / "fairlead.py").write_text("raise SystemExit('taken from the working directory')\n")
    closed = ("--network", "none", "--read-only", "--cap-drop", "ALL", "-v", f"{tmp_path}:/work:ro")
    ended = docker("run", "--rm", *closed, image)
    assert ended.returncode == 11, ended.stdout + ended.stderr
    assert "compose.yaml:5:17: error: web: privileged" in ended.stdout
    told = docker(
        "run", "--rm", *closed, "--entrypoint", "sh", image, "-c", "id -u; fairlead explain privileged"
    )
    assert told.stdout.startswith("65534\nprivileged: ")


def test_a_folder_that_it_may_not_enter_is_told(image: str, tmp_path: Path) -> None:
    """Where it can't even keep a report of that: what was refused, and no traceback."""
    tmp_path.chmod(0o700)
    ended = docker("run", "--rm", "--read-only", "-v", f"{tmp_path}:/work:ro", image)
    assert ended.returncode == 4, ended.stdout + ended.stderr
    assert ended.stderr.startswith("error: this machine refused: Permission denied: /work")
    assert "Traceback" not in ended.stderr


def test_it_mends_as_who_owns_the_files(image: str, tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text(BAD)
    who = f"{os.getuid()}:{os.getgid()}"
    ended = docker("run", "--rm", "--user", who, "-v", f"{tmp_path}:/work", image, "validate", "--fix")
    assert ended.stdout.startswith("mended "), ended.stdout + ended.stderr
    assert "init: true" in (tmp_path / "compose.yaml").read_text()
