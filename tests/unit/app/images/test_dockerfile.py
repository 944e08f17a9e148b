from __future__ import annotations

from pathlib import Path

from fairlead.app.images.dockerfile import DockerfileFacts, parse_dockerfile, read_dockerfile

TEXT = """\
# syntax=docker/dockerfile:1
FROM --platform=$BUILDPLATFORM golang:1.26 AS build
EXPOSE 1

FROM alpine AS base
EXPOSE 8000/tcp 53/udp $PORT
HEALTHCHECK --interval=5s \\
  # a comment in between
  CMD wget -q http://127.0.0.1:8000/up

from base as final
EXPOSE 9000
"""


def test_the_last_stage_counts_with_what_it_is_built_on() -> None:
    facts = parse_dockerfile(TEXT)
    assert facts.ports == (9000, 8000)
    assert "http://127.0.0.1:8000/up" in facts.healthcheck


def test_a_target_counts_alone() -> None:
    assert parse_dockerfile(TEXT, "build") == DockerfileFacts(ports=(1,), base="golang:1.26")


def test_a_check_can_be_taken_away() -> None:
    assert parse_dockerfile(f"{TEXT}HEALTHCHECK NONE\n").healthcheck == ""


def test_a_missing_dockerfile_says_nothing(tmp_path: Path) -> None:
    assert read_dockerfile(tmp_path / "Dockerfile", "", tmp_path) == DockerfileFacts()
