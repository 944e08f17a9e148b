from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from fairlead.errors import InputError
from fairlead.image.registry.credentials import (
    Credentials,
    auth_file,
    docker_config,
    is_loopback,
    login_host,
    read_credentials,
    registry_host,
)

LOGIN = Credentials("ghcr.io", "alice", "s3cret-value")
TOKEN = base64.b64encode(b"alice:s3cret-value").decode()


def test_a_password_is_not_shown() -> None:
    assert "s3cret" not in repr(LOGIN)


@pytest.mark.parametrize(
    ("reference", "host"),
    [
        ("postgres:17", "docker.io"),
        ("library/postgres", "docker.io"),
        ("ghcr.io/acme/board", "ghcr.io"),
        ("127.0.0.1:5080/x:y", "127.0.0.1:5080"),
        ("localhost/x", "localhost"),
    ],
)
def test_the_registry_of_a_reference(reference: str, host: str) -> None:
    assert registry_host(reference) == host


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("127.0.0.1:5080", True),
        ("127.3.2.1", True),
        ("localhost:5000", True),
        ("[::1]:5000", True),
        ("ghcr.io", False),
        ("10.127.0.1:5000", False),
        ("localhost.example.com", False),
        ("127.0.0.1.attacker.example", False),
        ("127.0.0.1.attacker.example:5000", False),
        ("127.attacker.example", False),
        ("127.0.0.1@attacker.example", False),
        ("127.1", False),
        ("127.0.0.256", False),
        ("[::1].attacker.example", False),
        ("[127.0.0.1]", False),
        ("::1", False),
        ("[::2]:5000", False),
    ],
)
def test_only_this_machine_is_reached_without_tls(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


def test_a_login_needs_both_variables() -> None:
    both = {"FAIRLEAD_REGISTRY_USERNAME": "alice", "FAIRLEAD_REGISTRY_PASSWORD": "s3cret-value"}
    assert read_credentials("ghcr.io", both) == LOGIN
    assert read_credentials("ghcr.io", {}) is None
    for name, value in both.items():
        with pytest.raises(InputError, match="is empty or not set"):
            read_credentials("ghcr.io", {name: value})


@pytest.mark.parametrize(
    ("said", "host"),
    [
        ({}, None),
        ({"CI": "true"}, ""),
        ({"CI": "true", "GITHUB_ACTIONS": "true", "FAIRLEAD_REGISTRY": ""}, "ghcr.io"),
        ({"GITHUB_ACTIONS": "true", "FAIRLEAD_REGISTRY": "r.example.com:5000/acme"}, "r.example.com:5000"),
        ({"FAIRLEAD_REGISTRY": "acme"}, "docker.io"),
        ({"FAIRLEAD_REGISTRY": "a.example/x", "FAIRLEAD_REGISTRY_HOST": "b.example"}, "b.example"),
    ],
)
def test_the_login_goes_to_the_host_it_was_issued_for(said: dict[str, str], host: str | None) -> None:
    both = {"FAIRLEAD_REGISTRY_USERNAME": "alice", "FAIRLEAD_REGISTRY_PASSWORD": "s3cret-value", **said}
    assert login_host(both) == host
    if host:
        assert read_credentials(host, both) is not None
    if host is not None:
        with pytest.raises(InputError, match=r"evil\.example would get the login"):
            read_credentials("evil.example", both)


def test_the_login_file_is_private_and_gone_afterwards() -> None:
    with auth_file(LOGIN) as path:
        assert path is not None
        assert path.stat().st_mode & 0o777 == 0o600
        assert json.loads(path.read_text()) == {"auths": {"ghcr.io": {"auth": TOKEN}}}
    assert not path.exists()
    with auth_file(None) as nothing:
        assert nothing is None


def test_docker_keeps_its_configuration_and_gains_the_login(tmp_path: Path) -> None:
    own = tmp_path / "docker"
    (own / "contexts").mkdir(parents=True)
    (own / "config.json").write_text(
        '{"credsStore": "desktop", "currentContext": "c", "auths": {"quay.io": {"auth": "x"}}}'
    )
    with docker_config(LOGIN, {"DOCKER_CONFIG": str(own)}) as variables:
        folder = Path(variables["DOCKER_CONFIG"])
        config = json.loads((folder / "config.json").read_text())
        assert config["auths"] == {"quay.io": {"auth": "x"}, "ghcr.io": {"auth": TOKEN}}
        assert config["credHelpers"] == {"ghcr.io": ""}
        assert config["currentContext"] == "c"
        assert (folder / "contexts").is_dir()
        assert (folder / "config.json").stat().st_mode & 0o777 == 0o600
        assert variables["BUILDX_CONFIG"] == str(own / "buildx")
    assert not folder.exists()
    assert (own / "contexts").is_dir()


def test_without_a_login_dockers_configuration_is_left_alone() -> None:
    with docker_config(None, {}) as variables:
        assert variables == {}


def test_docker_hub_is_filed_under_its_old_address() -> None:
    auths = Credentials("docker.io", "a", "b").docker_auth()["auths"]
    assert list(auths) == ["https://index.docker.io/v1/"]
