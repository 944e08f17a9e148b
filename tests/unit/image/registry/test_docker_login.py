from __future__ import annotations

import base64
from typing import Any

import pytest

from fairlead.image.registry.docker_login import TOKEN, find_docker_login, parse_answer, parse_login

AUTH = {"auth": base64.b64encode(b"alice:pa:ss").decode()}
PLAIN = {"username": "alice", "password": "pa:ss"}


@pytest.mark.parametrize("entry", [AUTH, PLAIN])
@pytest.mark.parametrize(
    ("key", "host"),
    [
        ("ghcr.io", "ghcr.io"),
        ("https://ghcr.io/v2/", "ghcr.io"),
        ("http://127.0.0.1:5080", "127.0.0.1:5080"),
        ("https://index.docker.io/v1/", "docker.io"),
        ("docker.io", "docker.io"),
    ],
)
def test_a_login_is_found_however_its_registry_is_spelled(key: str, host: str, entry: dict[str, str]) -> None:
    assert find_docker_login(host, {"auths": {"other.example.com": {}, key: entry}}) == ("alice", "pa:ss")


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"auths": None},
        {"auths": {"ghcr.io.evil.example.com": AUTH}},
        {"auths": {"evil.example.com/ghcr.io": AUTH}},
        {"auths": {"ghcr.io": {}}},
        {"auths": {"ghcr.io": {"auth": "%"}}},
        {"auths": {"ghcr.io": {"auth": base64.b64encode(b"alice").decode()}}},
        {"auths": {"ghcr.io": "x"}},
    ],
)
def test_no_login_is_none(config: dict[str, Any]) -> None:
    assert parse_login("ghcr.io", config) is None


@pytest.mark.parametrize(
    ("told", "login"),
    [
        ('{"ServerURL": "s", "Username": "alice", "Secret": "x"}', ("alice", "x")),
        ('{"Username": "<token>", "Secret": "x"}', (TOKEN, "x")),
        ('{"Username": "", "Secret": "x"}', None),
        ("credentials not found in native keychain", None),
        ("[]", None),
        ("{}", None),
    ],
)
def test_the_answer_of_a_helper(told: str, login: tuple[str, str] | None) -> None:
    assert parse_answer(told) == login
