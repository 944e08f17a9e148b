from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from fairlead.errors import InputError
from fairlead.image.registry.credentials import (
    Credentials,
    docker_config,
    find_credentials,
    find_login,
    github_registry,
    is_loopback,
    login_host,
    read_credentials,
    registry_host,
)
from fairlead.release.logins import read_logins

GITHUB = {"GITHUB_SERVER_URL": "https://github.com"}
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
        ({"CI": "true", "GITHUB_ACTIONS": "true", "FAIRLEAD_REGISTRY": "", **GITHUB}, "ghcr.io"),
        ({"CI": "true", "GITHUB_ACTIONS": "true"}, ""),
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


@pytest.mark.parametrize(
    ("server", "registry"),
    [
        ("https://github.com", "ghcr.io"),
        ("https://GitHub.com/", "ghcr.io"),
        ("https://ghe.example.com", "containers.ghe.example.com"),
        ("https://acme.ghe.com", "containers.acme.ghe.com"),
        ("https://github.com.evil.example", "containers.github.com.evil.example"),
        *(
            (unknown, "")
            for unknown in (
                *("", "github.com", "http://github.com", "https://github.com:8443", "https://192.0.2.7"),
                *(
                    "https://github.com@evil.example",
                    "https://ghe",
                    "https://ghe.example.com/x",
                    "https://[::1]",
                ),
                *("https://github.com\n", " https://github.com", "https://evil.example#github.com"),
            )
        ),
    ],
)
def test_the_registry_of_a_github(server: str, registry: str) -> None:
    """An address without a name has none: an Enterprise Server's is a name below its own."""
    assert github_registry({"GITHUB_SERVER_URL": server}) == registry


TOKENS = ("ghs_c4n4ry", "a-job-s-token")
HOSTS = (
    *(
        "ghcr.io",
        "containers.ghe.example.com",
        "ghe.example.com",
        "docker.io",
        "127.0.0.1:5080",
        "evil.example",
    ),
    *("ghcr.io.evil.example", "ghcr.io:443", "GHCR.IO", "docker.ghe.example.com", "containers.evil.example"),
)


@given(
    host=some.sampled_from(HOSTS),
    server=some.sampled_from(
        ("https://github.com", "https://ghe.example.com", "https://192.0.2.7", "http://github.com", "")
    ),
    named=some.fixed_dictionaries(
        {},
        optional={
            "FAIRLEAD_REGISTRY": some.sampled_from([f"{one}/acme" for one in HOSTS]),
            "FAIRLEAD_REGISTRY_HOST": some.sampled_from(HOSTS),
            "FAIRLEAD_REGISTRY_USERNAME": some.just("octocat"),
            "CI": some.just("true"),
        },
    ),
    token=some.sampled_from(TOKENS),
    given_as=some.sampled_from(["FAIRLEAD_JOB_TOKEN", "FAIRLEAD_REGISTRY_PASSWORD", "both"]),
    own=some.sampled_from(HOSTS),
)
def test_a_job_s_token_goes_to_no_registry_but_github_s(
    host: str, server: str, named: dict[str, str], token: str, given_as: str, own: str
) -> None:
    """Whatever fairlead.yaml, an input or a variable names, and however the token is given."""
    environ = {"GITHUB_ACTIONS": "true", "GITHUB_SERVER_URL": server, "GITHUB_TOKEN": token, **named}
    names = ("FAIRLEAD_JOB_TOKEN", "FAIRLEAD_REGISTRY_PASSWORD") if given_as == "both" else (given_as,)
    environ |= dict.fromkeys(names, token)
    environ["DOCKER_CONFIG"] = "/nowhere"
    theirs = github_registry(environ)
    for read in (
        lambda: read_credentials(host, environ),
        lambda: find_credentials(host, environ),
        lambda: find_login(host, environ),
        lambda: read_logins([f"{one}/acme/api" for one in HOSTS], environ, own),
    ):
        try:
            found = read()
        except InputError:
            continue
        if isinstance(found, Credentials):
            assert found.host == host == theirs
        elif found is not None:
            assert list(json.loads(found.reveal())["auths"]) == [own]
            assert own == theirs
    if given_as == "FAIRLEAD_JOB_TOKEN" and "FAIRLEAD_REGISTRY_USERNAME" not in named:
        assert bool(read_credentials(host, environ)) == (host == theirs)


@pytest.mark.parametrize("token", TOKENS)
def test_a_job_s_token_that_is_given_for_another_registry_is_refused_in_words(token: str) -> None:
    environ = {**GITHUB, "GITHUB_ACTIONS": "true", "FAIRLEAD_REGISTRY": "r.example.com/acme"}
    environ |= {"FAIRLEAD_REGISTRY_PASSWORD": token, "FAIRLEAD_JOB_TOKEN": TOKENS[1]}
    with pytest.raises(InputError, match=r"r\.example\.com would get the job's own token") as caught:
        read_credentials("r.example.com", environ)
    assert caught.value.why == "it is for ghcr.io alone"
    assert "registry-password of r.example.com" in caught.value.fix
    with pytest.raises(InputError) as caught:
        read_credentials("r.example.com", {**environ, "GITHUB_SERVER_URL": "https://192.0.2.7"})
    assert "cannot be told: GITHUB_SERVER_URL" in caught.value.why


def test_another_registry_s_login_is_the_workflow_s_or_docker_s(tmp_path: Path) -> None:
    """Those of docker/login-action count beside the job's own token, on the server too."""
    auths = Credentials("r.example.com", "alice", "s3cret-value").docker_auth()
    (tmp_path / "config.json").write_text(json.dumps(auths))
    job = {**GITHUB, "GITHUB_ACTIONS": "true", "GITHUB_ACTOR": "octocat", "DOCKER_CONFIG": str(tmp_path)}
    job["FAIRLEAD_JOB_TOKEN"] = TOKENS[0]
    assert read_credentials("r.example.com", job) is None
    assert find_credentials("r.example.com", job) == Credentials("r.example.com", "alice", "s3cret-value")
    assert read_credentials("ghcr.io", job) == Credentials("ghcr.io", "octocat", TOKENS[0])
    sent = read_logins(["r.example.com/acme/api", "ghcr.io/acme/web"], job, "ghcr.io")
    assert sent is not None
    assert set(json.loads(sent.reveal())["auths"]) == {"r.example.com", "ghcr.io"}
    given = {**job, "FAIRLEAD_REGISTRY": "r.example.com/acme", "FAIRLEAD_REGISTRY_PASSWORD": "other"}
    assert read_credentials("r.example.com", given) == Credentials("r.example.com", "octocat", "other")


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
