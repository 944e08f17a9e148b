from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import pytest

from fairlead.errors import CommandFailedError
from lab.engine import create_words, render_files
from lab.hub import parse_challenge, select_platforms
from lab.registry import plan_registry, render_door
from lab.server import Keys, known_hosts_line, plan_server, render_daemon, ssh_argv
from lab.state import Place, Server
from lab.up import render_registries

PLACE = Place()
HOST = Keys(b"PRIVATE-HOST", "ssh-ed25519 AAAAhost lab")
CLIENT = Keys(b"PRIVATE-CLIENT", "ssh-ed25519 AAAAclient lab")


def test_a_server_is_published_on_its_own_loopback_address() -> None:
    words = create_words(plan_server(PLACE, 2, 22, "image", HOST, CLIENT))
    assert [word for word in words if word.startswith("--publish")] == [
        "--publish=127.0.0.3:22:22",
        "--publish=127.0.0.3:80:80",
        "--publish=127.0.0.3:443:443",
        "--publish=127.0.0.3:443:443/udp",
    ]
    assert "--privileged" in words
    assert words[-1] == "image"


def test_no_secret_is_on_a_command_line() -> None:
    """Anybody on the machine can read the arguments of a process."""
    server = create_words(plan_server(PLACE, 1, 22, "image", HOST, CLIENT))
    registry = create_words(plan_registry(PLACE, "image", "canary"))
    assert "PRIVATE" not in " ".join(server)
    assert "canary" not in " ".join(registry)


def test_the_private_key_of_the_client_stays_with_the_client() -> None:
    assert b"PRIVATE-CLIENT" not in render_files(plan_server(PLACE, 1, 22, "image", HOST, CLIENT).files)


def test_a_container_is_made_anew_when_a_file_in_it_changes() -> None:
    before = plan_registry(PLACE, "image", "one").fingerprint
    assert before == plan_registry(PLACE, "image", "one").fingerprint
    assert before != plan_registry(PLACE, "image", "two").fingerprint


def test_files_keep_their_owner_and_mode() -> None:
    files = plan_server(PLACE, 1, 22, "image", HOST, CLIENT).files
    with tarfile.open(fileobj=io.BytesIO(render_files(files))) as tar:
        keys = tar.getmember("home/deploy/.ssh/authorized_keys")
        host = tar.getmember("etc/ssh/ssh_host_ed25519_key")
    assert (keys.uid, keys.mode, host.uid, host.mode) == (1000, 0o600, 0, 0o600)


def test_a_server_takes_docker_hubs_names_from_the_lab() -> None:
    assert json.loads(json.dumps(render_daemon(PLACE)))["registry-mirrors"] == ["http://127.0.0.1:5080"]


def test_only_the_mirror_can_be_read_without_the_login() -> None:
    door = render_door("pw")
    assert "path /v2/library/* /v2/lab/*" in door
    assert "method GET HEAD" in door
    assert 'header Authorization "Basic ZmFpcmxlYWQ6cHc="' in door


@pytest.mark.parametrize(("port", "name"), [(22, "127.0.0.2"), (2222, "[127.0.0.2]:2222")])
def test_known_hosts_names_a_port_other_than_22(port: int, name: str) -> None:
    assert known_hosts_line("127.0.0.2", port, HOST.public) == f"{name} ssh-ed25519 AAAAhost\n"


def test_ssh_uses_nothing_of_the_users_own_configuration() -> None:
    argv = ssh_argv(Server("s", "127.0.0.2", 2222, "deploy"), Path("/k"), Path("/h"), ("docker ps",))
    assert argv[:3] == ("ssh", "-F", "none")
    assert "StrictHostKeyChecking=yes" in argv
    assert argv[-2:] == ("deploy@127.0.0.2", "docker ps")


def test_docker_hubs_names_are_found_in_the_lab() -> None:
    text = render_registries(PLACE)
    assert '[[registry]]\nlocation = "docker.io"' in text
    assert text.count('location = "127.0.0.1:5080"\ninsecure = true') == 2


def test_the_challenge_of_a_registry_is_read() -> None:
    header = 'Bearer realm="https://auth.docker.io/token",service="registry.docker.io"'
    assert parse_challenge(header) == {
        "realm": "https://auth.docker.io/token",
        "service": "registry.docker.io",
    }


def test_only_the_labs_platforms_are_pulled() -> None:
    index = {
        "manifests": [
            {"digest": "1", "platform": {"os": "linux", "architecture": "s390x"}},
            {"digest": "2", "platform": {"os": "linux", "architecture": "arm64", "variant": "v8"}},
            {"digest": "3", "platform": {"os": "linux", "architecture": "amd64"}},
            {"digest": "4", "platform": {"os": "unknown", "architecture": "unknown"}},
        ]
    }
    assert [child["digest"] for child in select_platforms(index, ("amd64", "arm64"))] == ["3", "2"]
    with pytest.raises(CommandFailedError, match="linux/ppc64le"):
        select_platforms(index, ("ppc64le",))
