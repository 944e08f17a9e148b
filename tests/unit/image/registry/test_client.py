"""What is asked of registries, and what is made of their answers."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from fairlead.errors import CommandFailedError, InputError
from fairlead.image.oci.manifests import digest_of
from fairlead.image.registry import link
from fairlead.image.registry.challenge import Challenge, parse_challenge
from fairlead.image.registry.client import (
    check_login,
    open_registry,
    read_answer,
    read_image_config,
    resolve_image,
)
from fairlead.image.registry.fault import FaultError, explain_fault, parse_fault
from fairlead.image.registry.mirrors import Source, plan_sources, read_sources
from fairlead.image.registry.reference import Reference, parse_reference
from tests.unit.image.indexes import INDEX
from tests.unit.image.registry.double import HOST, Double, errors

DIGEST = f"sha256:{'a' * 64}"


@pytest.fixture
def double(monkeypatch: pytest.MonkeyPatch) -> Double:
    made = Double()
    monkeypatch.setattr(link, "open_session", made.session)
    monkeypatch.setattr("time.sleep", lambda _: None)
    return made


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("postgres", Reference("docker.io", "library/postgres", "latest")),
        ("postgres:17", Reference("docker.io", "library/postgres", "17")),
        (f"postgres:17@{DIGEST}", Reference("docker.io", "library/postgres", DIGEST)),
        ("acme/api:1", Reference("docker.io", "acme/api", "1")),
        ("docker.io/acme/api", Reference("docker.io", "acme/api", "latest")),
        (f"h:5000/x/y/api:17@{DIGEST}", Reference("h:5000", "x/y/api", DIGEST)),
        ("localhost/api", Reference("localhost", "api", "latest")),
    ],
)
def test_a_reference_is_taken_apart(given: str, expected: Reference) -> None:
    assert parse_reference(given) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "A/b",
        "ghcr.io/Acme/api:x",
        "ghcr.io/a/../b",
        "ghcr.io/a?x=y",
        "a:b c",
        "a@sha256:12",
        "a:" + "x" * 129,
    ],
)
def test_what_no_registry_has_is_not_asked_for(text: str) -> None:
    with pytest.raises(InputError, match="is no name of an image"):
        parse_reference(text)


def test_the_digest_is_that_of_the_bytes() -> None:
    raw = json.dumps(INDEX.value(), indent=3)
    found = read_answer("r", raw.encode())
    assert found.digest == f"sha256:{hashlib.sha256(raw.encode()).hexdigest()}"
    assert dict(found.platforms_of_ours()) == INDEX.platforms


def test_an_answer_that_is_not_what_was_asked_for_by_digest_is_refused() -> None:
    with pytest.raises(CommandFailedError, match="is no image"):
        read_answer(f"r@sha256:{'a' * 64}", json.dumps(INDEX.value()).encode())


@pytest.mark.parametrize(
    "raw", ["", "[]", "{}", '{"config": 1, "config": 2}', '{"manifests": [NaN]}', "[" * 5000]
)
def test_what_is_no_image_is_told(raw: str) -> None:
    with pytest.raises(CommandFailedError, match="is no image"):
        read_answer("r", raw.encode())


@pytest.mark.parametrize("raw", ['{"manifests": [{}]}', '{"manifests": [5]}', '{"config": {}}'])
def test_what_is_not_in_the_form_of_ours_is_not_taken_for_ours(raw: str) -> None:
    with pytest.raises(CommandFailedError, match="was not put there by Fairlead"):
        read_answer("r", raw.encode()).platforms_of_ours()


@pytest.mark.parametrize(
    ("status", "body", "what", "why"),
    [
        (401, errors("UNAUTHORIZED", "authentication required"), "the registry r.example refuses the login", "unauthorized: authentication required"),
        (403, errors("DENIED", "requested access to the resource is denied"), "the registry r.example refuses", "denied: requested access to the resource is denied"),
        (404, errors("MANIFEST_UNKNOWN", "manifest unknown"), "r.example/a:x is not in the registry", "manifest unknown: manifest unknown"),
        (429, errors("TOOMANYREQUESTS"), "the registry r.example has had too many requests", "toomanyrequests"),
        (503, b"<html>", "the registry r.example does not answer", "it answered 503 Odd"),
        (0, b"", "the registry r.example does not answer", "it answered 0 Odd"),
        (418, b"[]", "the registry r.example failed at r.example/a:x", "it answered 418 Odd"),
        (400, b'{"errors": [7]}', "the registry r.example failed at", "it answered 400 Odd"),
        (400, errors("X\n::error::y", "a\nb"), "the registry r.example failed at", "x ::error::y: a b"),
    ],
)  # fmt: skip
def test_what_a_registry_says_becomes_one_clear_error(status: int, body: bytes, what: str, why: str) -> None:
    error = explain_fault(parse_fault(status, "Odd", body), "r.example/a:x")
    assert error.what.startswith(what)
    assert error.why == why


def test_a_refused_login_names_the_variables() -> None:
    error = explain_fault(parse_fault(401, "", errors("UNAUTHORIZED")), "ghcr.io/acme/api:x")
    assert "FAIRLEAD_REGISTRY_USERNAME" in error.fix
    assert "FAIRLEAD_REGISTRY_PASSWORD" in error.fix


@pytest.mark.parametrize(
    "message",
    ["permission_denied: write_package", "installation not allowed to Write organization package"],
)
def test_a_package_of_another_repository_is_told_where_to_let_this_one_in(message: str) -> None:
    fault = parse_fault(403, "", errors("DENIED", message))
    assert "Manage Actions access" in explain_fault(fault, "ghcr.io/acme/api:x").fix
    assert "Manage Actions access" not in explain_fault(fault, "r.example/acme/api:x").fix


def test_a_certificate_that_is_not_trusted_says_where_to_put_its_authority() -> None:
    fault = FaultError("self-signed certificate", is_untrusted=True)
    assert not fault.is_passing
    assert "/etc/docker/certs.d/r.example:5000/ca.crt" in explain_fault(fault, "r.example:5000/a:x").fix


@pytest.mark.parametrize(
    ("header", "challenge"),
    [
        ('Bearer realm="https://a/t",service="r.b",scope="repository:x:pull,push"', Challenge("bearer", "https://a/t", "r.b")),
        ("bearer Realm=https://a/t", Challenge("bearer", "https://a/t")),
        ('Basic realm="a, b"', Challenge("basic", "a, b")),
        ('Basic realm="x", Bearer realm="https://a/t"', Challenge("bearer", "https://a/t")),
        ('Negotiate abc, Basic realm="q\\"x"', Challenge("basic", 'q"x')),
        ("Negotiate", None),
        ("", None),
    ],
)  # fmt: skip
def test_a_challenge_is_read(header: str, challenge: Challenge | None) -> None:
    assert parse_challenge(header) == challenge


HUB = {"location": "docker.io", "mirror": [{"location": "m.example/hub", "insecure": True}]}


@pytest.mark.parametrize(
    ("registries", "sources"),
    [
        ([], [Source("docker.io", "library/a")]),
        ([HUB], [Source("m.example", "hub/library/a", is_plain=True), Source("docker.io", "library/a")]),
        ([{"location": "docker.i"}, {"location": "docker.io/lib"}], [Source("docker.io", "library/a")]),
        (
            [HUB, {"prefix": "docker.io/library", "location": "own.example/x"}],
            [Source("own.example", "x/a")],
        ),
    ],
)
def test_mirrors_are_asked_first(registries: list[Mapping[str, Any]], sources: list[Source]) -> None:
    assert list(plan_sources("docker.io", "library/a", registries)) == sources


def test_a_file_of_mirrors_that_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / "r.conf").write_text("[[registry")
    for name in ("r.conf", "none.conf"):
        with pytest.raises(InputError, match="CONTAINERS_REGISTRIES_CONF"):
            read_sources("docker.io", "a", str(tmp_path / name))


@pytest.fixture
def mirrored(tmp_path: Path) -> str:
    """A file that names a mirror of the registry."""
    conf = tmp_path / "r.conf"
    conf.write_text(
        f'[[registry]]\nlocation = "{HOST}"\n[[registry.mirror]]\nlocation = "mirror.example"\ninsecure = true\n'
    )
    return str(conf)


@pytest.mark.parametrize(
    "fault",
    [
        (404,),
        (503,),
        (401,),
        (200, b"<html>"),
        (200, b"{}"),
        (200, b"[" * 5000),
    ],
)
def test_a_mirror_without_it_is_passed_by(double: Double, mirrored: str, fault: tuple[Any, ...]) -> None:
    double.faults["GET", "http://mirror.example/"] = [fault] * 3
    double.manifests["acme/api", "x"] = INDEX.data, ""
    found = resolve_image(f"{HOST}/acme/api:x", environ={"CONTAINERS_REGISTRIES_CONF": mirrored})
    assert found.data == INDEX.data
    with pytest.raises(InputError, match="is not in the registry"):
        resolve_image(f"{HOST}/acme/web:x", environ={})


@pytest.mark.parametrize("fault", [(200, b'{"config": {}}'), (200, b'{"manifests": []}'), (404,)])
def test_a_mirror_with_another_image_under_a_digest_is_passed_by(
    double: Double, mirrored: str, fault: tuple[Any, ...]
) -> None:
    double.faults["GET", "http://mirror.example/"] = [fault]
    digest = digest_of(INDEX.data)
    double.manifests["acme/api", digest] = INDEX.data, ""
    reference = f"{HOST}/acme/api@{digest}"
    assert resolve_image(reference, environ={"CONTAINERS_REGISTRIES_CONF": mirrored}).data == INDEX.data


@pytest.mark.parametrize("fault", [(404,), (200, b"<html>"), (200, b"{}"), (403,)])
def test_a_mirror_with_a_part_of_an_image_is_passed_by(
    double: Double, mirrored: str, fault: tuple[Any, ...]
) -> None:
    config = b'{"os": "linux"}'
    digest = f"sha256:{hashlib.sha256(config).hexdigest()}"
    double.manifests["acme/api", "x"] = json.dumps({"config": {"digest": digest}}).encode(), ""
    double.blobs["acme/api", digest] = config
    double.faults["GET", "http://mirror.example/v2/acme/api/blobs/"] = [fault]
    environ = {"CONTAINERS_REGISTRIES_CONF": mirrored}
    assert read_image_config(f"{HOST}/acme/api:x", "linux/amd64", environ=environ) == {"os": "linux"}
    assert len([call for call in double.calls if "/blobs/" in call]) == 2


def test_the_registry_itself_has_the_last_word(double: Double, mirrored: str) -> None:
    double.faults["GET", "/manifests/"] = [(200, b"<html>")] * 2
    with pytest.raises(CommandFailedError, match="is no image"):
        resolve_image(f"{HOST}/acme/api:x", environ={"CONTAINERS_REGISTRIES_CONF": mirrored})


def test_the_login_of_the_variables_goes_to_its_registry_only(double: Double, tmp_path: Path) -> None:
    double.scheme = "Basic"
    double.manifests["acme/api", "x"] = INDEX.data, ""
    environ = {
        "FAIRLEAD_REGISTRY_USERNAME": "alice",
        "FAIRLEAD_REGISTRY_PASSWORD": "pa55",
        "DOCKER_CONFIG": str(tmp_path),
    }
    with pytest.raises(CommandFailedError, match="refuses the login"):
        resolve_image(f"{HOST}/acme/api:x", environ=environ, registry="other.example/acme")
    assert double.shown == []
    assert resolve_image(f"{HOST}/acme/api:x", environ=environ, registry=f"{HOST}/acme").data == INDEX.data
    with pytest.raises(InputError, match="FAIRLEAD_REGISTRY_PASSWORD is empty"):
        open_registry(HOST, {"FAIRLEAD_REGISTRY_USERNAME": "alice"})


@pytest.mark.parametrize("scheme", ["Basic", "Bearer"])
def test_a_login_is_tried_without_a_repository(double: Double, tmp_path: Path, scheme: str) -> None:
    double.scheme = scheme
    environ = {
        "FAIRLEAD_REGISTRY_USERNAME": "alice",
        "FAIRLEAD_REGISTRY_PASSWORD": "pa55",
        "DOCKER_CONFIG": str(tmp_path),
    }
    check_login(f"{HOST}/acme/api", environ)
    assert double.shown
    double.calls.clear()
    check_login(f"{HOST}/acme/api", {"DOCKER_CONFIG": str(tmp_path)})
    assert double.calls == []
    double.faults["GET", f"https://{HOST}/v2/"] = [(401, errors("UNAUTHORIZED"))] * 2
    with pytest.raises(CommandFailedError, match="refuses the login"):
        check_login(f"{HOST}/acme/api", environ)


def test_whether_a_repository_is_there(double: Double) -> None:
    double.faults["GET", "/tags/list"] = [(200, b"{}"), (404,), (403,)]
    registry = open_registry(HOST, {})
    assert registry.has_repository(f"{HOST}/acme/api")
    assert not registry.has_repository(f"{HOST}/acme/api")
    with pytest.raises(CommandFailedError, match="refuses the login"):
        registry.has_repository(f"{HOST}/acme/api")
