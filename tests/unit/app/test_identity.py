"""What is changed restarts who reads it, and nobody else: the identity of a service goes by content."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from fairlead.app.layout import lay_out
from fairlead.app.split import Pin, split
from tests.unit.app.small import small_app

COMPOSE = """
services:
  reader:
    image: busybox:1
    x-fairlead: {health: none}
    env_file: [./reader.env]
    environment: {LEVEL: "${LEVEL:-info}"}
    configs: [{source: inline, target: /inline}, {source: whole, target: /whole}]
    secrets: [token]
    volumes: ["./page.html:/page.html:ro", "./conf.d:/conf.d:ro"]
  neighbour:
    image: busybox:1
    x-fairlead: {health: none}
    environment: {OTHER: "x"}
    secrets: [other]
  once:
    image: busybox:1
    secrets: [token]
    x-fairlead: {role: job}
configs:
  inline: {content: "level ${LEVEL:-info}"}
  whole: {file: ./whole.conf}
secrets:
  token: {file: ./token}
  other: {file: ./other}
"""
FILES = ("reader.env", "page.html", "conf.d/a.conf", "whole.conf")


def _hashes(root: Path, secrets: Mapping[str, str], **variables: str) -> dict[str, str]:
    app = small_app(root, COMPOSE, images=(), variables=variables)
    own: dict[str, Pin] = {}
    parts = split(lay_out(app), own=own, foreign={"busybox:1": "busybox:1"}, secrets=secrets)
    return {name: str(service["hash"]) for name, service in parts.services.items()}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / ".git").mkdir()
    (tmp_path / "conf.d").mkdir()
    for name in FILES:
        (tmp_path / name).write_text("A=1\n")
    return tmp_path


@pytest.mark.parametrize("changed", [*FILES, "variable", "secret"])
def test_a_change_reaches_its_reader_alone(root: Path, changed: str) -> None:
    """By content: the same content written again changes nothing."""
    secrets = {"token": "a" * 64, "other": "b" * 64}
    before = _hashes(root, secrets)
    if changed in FILES:
        (root / changed).write_text("A=1\n")
        assert _hashes(root, secrets) == before
        (root / changed).write_text("A=2\n")
    variables = {"LEVEL": "debug"} if changed == "variable" else {}
    after = _hashes(root, {**secrets, **({"token": "c" * 64} if changed == "secret" else {})}, **variables)
    assert {name for name, one in after.items() if before[name] != one} == {"reader"}
