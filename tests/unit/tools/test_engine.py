from __future__ import annotations

import json
from pathlib import Path

import pytest

from fairlead.errors import CommandFailedError, ToolMissingError
from fairlead.tools.engine import Engine, parse_info, unreachable
from fairlead.tools.engine_setup import merge_daemon_settings, plan_packages, write_daemon_file
from fairlead.tools.root import Root
from fairlead.tools.system import System

CONTAINERD = [["driver-type", "io.containerd.snapshotter.v1"]]


def _info(**changes: object) -> str:
    return json.dumps(
        {"ServerVersion": "26.1.5+dfsg1", "Architecture": "x86_64", "DriverStatus": CONTAINERD, **changes}
    )


def test_an_engine_tells_what_it_is() -> None:
    assert parse_info(_info()) == Engine("26.1.5", "amd64", containerd_store=True)


def test_the_classic_store_is_known() -> None:
    assert not parse_info(_info(DriverStatus=[["Backing Filesystem", "extfs"]])).containerd_store


def test_an_old_engine_is_refused() -> None:
    with pytest.raises(ToolMissingError, match=r"20\.10\.24 is too old"):
        parse_info(_info(ServerVersion="20.10.24"))


def test_a_client_without_an_engine_is_told_so() -> None:
    """Some clients exit 0 and put the failure into the answer."""
    with pytest.raises(CommandFailedError, match="does not answer"):
        parse_info(_info(ServerVersion="", ServerErrors=["Cannot connect to the Docker daemon"]))


@pytest.mark.parametrize(
    ("said", "docker_host", "fix"),
    [
        ("permission denied while trying to connect", "", "groups docker"),
        ("Cannot connect to the Docker daemon", "", "systemctl start docker"),
        ("Cannot connect", "tcp://10.0.0.1:2375", "DOCKER_HOST is tcp://10.0.0.1:2375"),
    ],
)
def test_each_kind_of_silence_has_its_own_fix(said: str, docker_host: str, fix: str) -> None:
    assert fix in unreachable(said, docker_host).fix


def test_daemon_json_keeps_what_is_there() -> None:
    merged = json.loads(
        merge_daemon_settings('{"registry-mirrors": ["https://m.example"], "features": {"a": true}}')
    )
    assert merged == {
        "registry-mirrors": ["https://m.example"],
        "features": {"a": True, "containerd-snapshotter": True},
    }


def test_a_store_that_was_chosen_is_left_alone() -> None:
    text = '{"features": {"containerd-snapshotter": false}}'
    assert merge_daemon_settings(text) == text


@pytest.mark.parametrize("text", ["[]", "{", '{"features": []}', "7"])
def test_a_damaged_daemon_json_is_not_overwritten(tmp_path: Path, text: str) -> None:
    file = tmp_path / "daemon.json"
    file.write_text(text)
    with pytest.raises(CommandFailedError):
        write_daemon_file(file, Root())
    assert file.read_text() == text


def test_a_missing_daemon_json_is_written(tmp_path: Path) -> None:
    file = tmp_path / "docker" / "daemon.json"
    write_daemon_file(file, Root())
    assert json.loads(file.read_text()) == {"features": {"containerd-snapshotter": True}}
    assert [one.name for one in file.parent.iterdir()] == ["daemon.json"]


@pytest.mark.parametrize(
    ("distribution", "missing", "docker_com", "names"),
    [
        (
            "debian",
            ("docker", "compose", "buildx"),
            False,
            "docker.io docker-cli docker-compose docker-buildx",
        ),
        ("ubuntu", ("docker", "compose", "buildx"), False, "docker.io docker-compose-v2 docker-buildx"),
        ("ubuntu", ("buildx",), False, "docker-buildx"),
        ("debian", ("compose", "buildx"), True, "docker-compose-plugin docker-buildx-plugin"),
        ("debian", ("buildx", "engine"), False, "docker-buildx docker.io"),
        ("debian", ("engine",), True, "docker-ce"),
    ],
)
def test_only_what_is_missing_is_installed(
    distribution: str, missing: tuple[str, ...], docker_com: bool, names: str
) -> None:
    """And never Debian's plugins beside the engine of Docker's own repository."""
    system = System(distribution, distribution, 13, root=True, systemd=False)
    packages = plan_packages(missing, system, docker_com=docker_com)
    assert " ".join(one.package for one in packages) == names
