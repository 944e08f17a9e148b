from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from fairlead.errors import CommandFailedError
from fairlead.image.registry.client import explain_failure, is_not_found, read_answer
from fairlead.image.registry.skopeo import (
    config_argv,
    inspect_argv,
    login_argv,
    push_argv,
    tag_argv,
    untagged,
)
from tests.unit.image.indexes import INDEX

SKOPEO = Path("/usr/bin/skopeo")
LOGIN = Path("/tmp/x/auth.json")


def test_inspect_asks_for_the_very_bytes() -> None:
    assert inspect_argv(SKOPEO, "ghcr.io/acme/api:main", LOGIN) == (
        "/usr/bin/skopeo", "--insecure-policy", "inspect", "--raw", "--authfile", "/tmp/x/auth.json",
        "docker://ghcr.io/acme/api:main",
    )  # fmt: skip


def test_a_push_takes_everything_and_keeps_digests() -> None:
    assert push_argv(SKOPEO, Path("/w/images/api"), "127.0.0.1:5000/api:t", None) == (
        "/usr/bin/skopeo", "--insecure-policy", "copy", "--preserve-digests", "--format", "oci", "--retry-times", "2",
        "--dest-tls-verify=false", "--all", "oci:/w/images/api", "docker://127.0.0.1:5000/api:t",
    )  # fmt: skip
    assert "--dest-tls-verify=false" not in push_argv(SKOPEO, Path("/w"), "ghcr.io/a:t", LOGIN)


def test_a_tag_is_one_write() -> None:
    assert tag_argv(SKOPEO, "localhost/a@sha256:x", "localhost/a:t", None) == (
        "/usr/bin/skopeo", "--insecure-policy", "copy", "--preserve-digests", "--format", "oci", "--retry-times", "2",
        "--dest-tls-verify=false", "--multi-arch", "index-only", "--src-tls-verify=false",
        "docker://localhost/a@sha256:x", "docker://localhost/a:t",
    )  # fmt: skip


def test_a_password_is_on_no_command_line() -> None:
    assert login_argv(SKOPEO, "127.0.0.1:5000", "ann", Path("/l/auth.json")) == (
        *(str(SKOPEO), "login", "--authfile", "/l/auth.json", "--username", "ann", "--password-stdin"),
        *("--tls-verify=false", "127.0.0.1:5000"),
    )
    assert "--tls-verify=false" not in login_argv(SKOPEO, "ghcr.io", "ann", Path("/l/auth.json"))


def test_the_configuration_is_that_of_a_platform() -> None:
    argv = config_argv(SKOPEO, "ghcr.io/a:t", None, "linux/arm/v7")
    assert argv[2:8] == ("--override-os", "linux", "--override-arch", "arm", "--override-variant", "v7")


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("postgres:17", "postgres:17"),
        ("postgres:17@sha256:a", "postgres@sha256:a"),
        ("h:5000/x/postgres:17@sha256:a", "h:5000/x/postgres@sha256:a"),
        ("h:5000/x/postgres@sha256:a", "h:5000/x/postgres@sha256:a"),
    ],
)
def test_a_digest_stands_without_a_tag(given: str, expected: str) -> None:
    assert untagged(given) == expected


def test_the_digest_is_that_of_the_bytes() -> None:
    raw = json.dumps(INDEX.value(), indent=3)
    found = read_answer("r", raw)
    assert found.digest == f"sha256:{hashlib.sha256(raw.encode()).hexdigest()}"
    assert dict(found.platforms_of_ours()) == INDEX.platforms


def test_an_answer_that_is_not_what_was_asked_for_by_digest_is_refused() -> None:
    with pytest.raises(CommandFailedError, match="is no image"):
        read_answer(f"r@sha256:{'a' * 64}", json.dumps(INDEX.value()))


@pytest.mark.parametrize(
    "raw", ["", "[]", "{}", '{"config": 1, "config": 2}', '{"manifests": [NaN]}', "[" * 5000]
)
def test_what_is_no_image_is_told(raw: str) -> None:
    with pytest.raises(CommandFailedError, match="is no image"):
        read_answer("r", raw)


@pytest.mark.parametrize("raw", ['{"manifests": [{}]}', '{"manifests": [5]}', '{"config": {}}'])
def test_what_is_not_in_the_form_of_ours_is_not_taken_for_ours(raw: str) -> None:
    with pytest.raises(CommandFailedError, match="was not put there by Fairlead"):
        read_answer("r", raw).platforms_of_ours()


def skopeo_says(message: str) -> str:
    return f'time="2026-11-23T02:00:00Z" level=fatal msg={json.dumps(message)}\n'


@pytest.mark.parametrize(
    ("message", "missing", "what"),
    [
        ("reading manifest x in r/a: manifest unknown", True, "r/a:x is not in the registry"),
        ("reading manifest x in r/a: name unknown: repository name not known", True, "r/a:x is not in"),
        ("reading manifest x in r/a: unauthorized: authentication required", False, "the registry r refuses"),
        ("denied: the package was not found, or needs a login", False, "the registry r refuses the login"),
        ("requested access to the resource is denied", False, "the registry r refuses the login"),
        (
            "pinging container registry r: dial tcp 127.0.0.1:9: connect: connection refused",
            False,
            "the registry r does not answer",
        ),
        (
            "pinging r: received unexpected HTTP status: 503 Service Unavailable",
            False,
            "the registry r does not",
        ),
        ("something new", False, "the registry r failed at"),
    ],
)
def test_what_a_registry_says_becomes_one_clear_error(message: str, missing: bool, what: str) -> None:
    said = skopeo_says(message)
    assert is_not_found(said) is missing
    error = explain_failure(said, "r.example/a:x")
    assert error.what.replace("r.example", "r").startswith(what)
    assert error.why == message


def test_a_refused_login_names_the_variables() -> None:
    error = explain_failure(skopeo_says("authentication required"), "ghcr.io/acme/api:x")
    assert "FAIRLEAD_REGISTRY_USERNAME" in error.fix
    assert "FAIRLEAD_REGISTRY_PASSWORD" in error.fix
