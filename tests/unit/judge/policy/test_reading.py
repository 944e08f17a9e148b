"""How the rules read what stands in a file: references, durations, sizes, names of secrets."""

from __future__ import annotations

import pytest

from fairlead.app.images import facts as image_facts
from fairlead.judge.policy.images import is_commit, parse_reference
from fairlead.judge.policy.network import is_sexagesimal
from fairlead.judge.policy.subject import bytes_of, seconds_of

DIGEST = f"sha256:{'0a' * 32}"


@pytest.mark.parametrize(
    ("text", "registry", "repository", "tag"),
    [
        ("nginx", "docker.io", "library/nginx", ""),
        ("nginx:1.29", "docker.io", "library/nginx", "1.29"),
        ("acme/web:1", "docker.io", "acme/web", "1"),
        ("docker.io/nginx", "docker.io", "library/nginx", ""),
        ("index.docker.io/library/nginx:1", "docker.io", "library/nginx", "1"),
        ("host:5000/app", "host:5000", "app", ""),
        ("host:5000/a/b:1", "host:5000", "a/b", "1"),
        ("localhost/app:1", "localhost", "app", "1"),
        ("ghcr.io/acme/web", "ghcr.io", "acme/web", ""),
        (f"ghcr.io/acme/web:1@{DIGEST}", "ghcr.io", "acme/web", "1"),
    ],
)
def test_a_reference_is_read_as_docker_reads_it(text: str, registry: str, repository: str, tag: str) -> None:
    reference = parse_reference(text)
    assert (reference.registry, reference.repository, reference.tag) == (registry, repository, tag)
    assert reference.is_pinned == ("@" in text)


@pytest.mark.parametrize(
    "digest", ["sha256:0a", f"md5:{'0' * 64}", f"sha256:{'0g' * 32}", "latest", "sha512:" + "0" * 64]
)
def test_half_a_digest_pins_nothing(digest: str) -> None:
    assert not parse_reference(f"nginx:1@{digest}").is_pinned


@pytest.mark.parametrize(
    ("tag", "is_one"),
    [
        (f"sha-{'0' * 40}", True),
        ("0" * 40, True),
        ("0" * 64, True),
        ("0" * 39, False),
        (f"v{'0' * 40}", False),
    ],
)
def test_a_commit_is_told_by_its_full_id(tag: str, is_one: bool) -> None:
    assert is_commit(tag) == is_one


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1m30s", 90.0),
        ("1m0s", 60.0),
        ("500ms", 0.5),
        ("1.5h", 5400.0),
        ("2d", 172800.0),
        ("0s", 0.0),
        ("100us", 0.0001),
    ],
)
def test_a_duration_is_read(text: str, seconds: float) -> None:
    assert seconds_of(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "5", "5 parsecs", "s", "1x2s", "${A}"])
def test_what_is_no_duration_is_none(text: str) -> None:
    assert seconds_of(text) is None


@pytest.mark.parametrize(
    ("value", "size"),
    [
        ("268435456", 2**28),
        (1024, 1024),
        ("256M", 2**28),
        ("1.5gb", 1610612736),
        ("64k", 65536),
        ("1GiB", 2**30),
        ("x", None),
        ("", None),
    ],
)
def test_a_size_is_read(value: object, size: int | None) -> None:
    assert bytes_of(value) == size


@pytest.mark.parametrize(
    ("text", "is_one"),
    [("22:22", True), ("1:0", True), ("80:80", False), ("0:0", False), ("8080", False), ("a:1", False)],
)
def test_a_number_to_the_base_of_60_is_seen(text: str, is_one: bool) -> None:
    assert is_sexagesimal(text) == is_one


@pytest.mark.parametrize(
    ("reference", "version"),
    [
        ("postgres:17.4-alpine", 17),
        ("pgvector/pgvector:pg18", 18),
        ("postgres", 0),
        (f"postgres:18@{DIGEST}", 18),
    ],
)
def test_the_version_of_an_image_is_in_its_tag(reference: str, version: int) -> None:
    assert image_facts.major_version(reference) == version


@pytest.mark.parametrize(
    ("reference", "program", "installed", "lacks"),
    [
        ("python:3.13-slim", "curl", "", True),
        ("python:3.13-slim", "curl", "apt-get install -y curl", False),
        ("python:3.13", "curl", "", False),
        ("php:8-alpine", "curl", "", False),
        ("node:22-alpine", "wget", "", False),
        ("postgres:17", "wget", "", True),
        ("caddy:2", "wget", "", False),
        ("scratch", "sh", "", True),
        ("gcr.io/distroless/base-debian12:debug", "sh", "", False),
        ("acme/anything:1", "curl", "", False),
    ],
)
def test_a_program_that_an_image_lacks_is_known_where_it_can_be(
    reference: str, program: str, installed: str, lacks: bool
) -> None:
    assert image_facts.lacks_program(reference, program, installed) == lacks
