"""A container of the lab whose ports lead nowhere is told, and started again."""

from __future__ import annotations

import json
import os
import socket
import subprocess
from collections.abc import Iterator

import pytest

from fairlead.tools.locate import locate
from lab.engine import Container, HostFile, ensure_container, ensure_network, judge_container
from lab.ports import Port, answers, is_free, probe_ports
from tests.integration.host.conftest import image
from tests.ports import free_port

pytestmark = pytest.mark.integration
__all__ = ["image"]

ADDRESS = "127.0.0.1"


def docker(*words: str, check: bool = True) -> str:
    return subprocess.run([locate("docker"), *words], check=check, text=True, capture_output=True).stdout


@pytest.mark.parametrize("protocol", ["tcp", "udp"])
def test_a_port_that_nobody_holds_is_told(protocol: str) -> None:
    port = Port(ADDRESS, free_port(), protocol)
    told = {
        "HostConfig": {
            "PortBindings": {f"80/{protocol}": [{"HostIp": ADDRESS, "HostPort": str(port.number)}]}
        }
    }
    assert (answers(port), is_free(port)) == (False, True)
    assert probe_ports(told) == (port,)
    kind = socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM
    with socket.socket(socket.AF_INET, kind) as held:
        held.bind((port.address, port.number))
        if protocol == "tcp":
            # An engine without processes for ports holds them all the same; a container that serves nothing refuses.
            assert (answers(port), probe_ports(told)) == (False, ())
            held.listen()
        assert (answers(port), is_free(port)) == (True, False)
        assert probe_ports(told) == ()


@pytest.mark.parametrize("address", [ADDRESS, "0.0.0.0"])
@pytest.mark.parametrize("protocol", ["tcp", "udp"])
def test_who_may_not_take_a_low_port_sees_who_has_it(
    monkeypatch: pytest.MonkeyPatch, address: str, protocol: str
) -> None:
    """Else a server without an app would be started again, since nobody answers there, wherever it is held all the same."""

    def refuse(*_: object) -> None:
        raise PermissionError

    port = Port(ADDRESS, free_port(), protocol)
    kind = socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM
    with socket.socket(socket.AF_INET, kind) as held:
        with monkeypatch.context() as patch:
            patch.setattr(socket.socket, "bind", refuse)
            assert is_free(port)
        held.bind((address, port.number))
        if protocol == "tcp":
            held.listen()
        monkeypatch.setattr(socket.socket, "bind", refuse)
        assert not is_free(port)


@pytest.fixture
def container(image: str) -> Iterator[Container]:
    number = free_port()
    name = f"fairlead-lab-ports-{number}"
    spec = Container(
        lab=name,
        name=name,
        image=image,
        network=name,
        alias="one",
        ports=(f"{ADDRESS}:{number}:80",),
        volumes=(),
        files=(HostFile("/etc/caddy/Caddyfile", b":80\nrespond here\n"),),
    )
    ensure_network(name, name)
    yield spec
    docker("rm", "--force", "--volumes", name, check=False)
    docker("network", "rm", name, check=False)


def test_a_port_whose_process_has_died_is_made_again(container: Container) -> None:
    assert ensure_container(container)
    assert judge_container(container.name) == ""
    (port,) = container.ports
    where = port.removesuffix(":80")
    # The process is root's.
    as_root = () if os.getuid() == 0 else ("sudo", "--non-interactive")
    pattern = f"docker-proxy .*-host-port {where.partition(':')[2]} "
    subprocess.run([*as_root, "pkill", "-KILL", "-f", pattern], check=True)
    assert judge_container(container.name) == f"nobody answers at {where}"
    assert not ensure_container(container)
    assert judge_container(container.name) == ""
    assert json.loads(docker("inspect", container.name))[0]["State"]["Running"]
