"""What a docker command without an engine is taken for."""

from __future__ import annotations

import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from fairlead.tools.engine import is_engine_absent


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine on which only the docker command was unpacked: the folder of its programs and of its socket."""
    program = shutil.which("docker")
    assert program is not None
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "config"))
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "docker").symlink_to(program)
    _lead_to(tmp_path, f"unix://{tmp_path}/s")
    return tmp_path


def _lead_to(machine: Path, endpoint: str) -> None:
    """Have the command ask this engine."""
    name = endpoint.partition(":")[0]
    docker = machine / "docker"
    subprocess.run([docker, "context", "create", name, "--docker", f"host={endpoint}"], check=True)
    subprocess.run([docker, "context", "use", name], check=True)


def _is_absent(machine: Path) -> bool:
    return is_engine_absent(machine / "s", folders=())


def test_a_client_alone_is_no_engine(machine: Path) -> None:
    assert _is_absent(machine)


def test_one_that_asks_elsewhere_is_left_alone(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _lead_to(machine, "ssh://me@far.example")
    assert not _is_absent(machine)
    monkeypatch.setenv("DOCKER_HOST", f"unix://{machine}/s")
    assert not _is_absent(machine)


def test_an_engine_that_can_be_started_is_there(machine: Path) -> None:
    (machine / "dockerd").touch(mode=0o755)
    assert not _is_absent(machine)


def test_whoever_listens_is_an_engine(machine: Path) -> None:
    with socket.socket(socket.AF_UNIX) as engine:
        engine.bind(str(machine / "s"))
        assert _is_absent(machine), "what it left when it died"
        engine.listen()
        assert not _is_absent(machine)
