"""``- NAME`` without a value: the caller's, as with Compose, unless it is a secret; and a finding where it is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from fairlead.app.model import ComposeApp
from tests.unit.app.small import small_app, split_small

FILE = """\
services:
  web:
    image: nginx
    expose: ["80"]
    environment:
      - GREETING
      - FIXED=1
  worker:
    image: nginx
    x-fairlead: {role: worker, health: none}
    environment:
      LEVEL:
"""


def _load(root: Path, text: str = FILE, **variables: str) -> ComposeApp:
    return small_app(root, text, images=(), variables=variables)


def test_value_of_the_caller_is_passed_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Into the definition that is deployed, and it is said where it came from."""
    monkeypatch.setenv("GREETING", "hello $you")
    monkeypatch.setenv("LEVEL", "debug")
    app = _load(tmp_path)
    parts = split_small(app)
    assert parts.services["web"]["definition"]["environment"] == {"FIXED": "1", "GREETING": "hello $$you"}
    assert parts.services["worker"]["definition"]["environment"] == {"LEVEL": "debug"}
    told = [str(note.location) for note in app.notes if "GREETING" in note.what]
    assert told == ["compose.yaml:6:9"]


def test_what_the_environment_declares_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same on a laptop and in a job."""
    monkeypatch.setenv("GREETING", "of the laptop")
    app = _load(tmp_path, GREETING="declared")
    assert app.services["web"].definition["environment"]["GREETING"] == "declared"
    assert not [note for note in app.notes if "GREETING" in note.what]


def test_name_that_nobody_sets_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With its place, and what to do."""
    monkeypatch.delenv("GREETING", raising=False)
    app = _load(tmp_path)
    (note,) = [note for note in app.notes if "GREETING" in note.what]
    assert "web does not get GREETING" in note.what
    assert "environments.production.variables" in note.fix
    assert str(note.location) == "compose.yaml:6:9"
    assert "GREETING" not in split_small(app).services["web"]["definition"]["environment"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GITHUB_TOKEN", "ghs_1"),
        ("FAIRLEAD_SSH_KEY", "key"),
        ("FAIRLEAD_SECRET_DB", "x"),
        ("AWS_REGION", "eu"),
        ("NPM_TOKEN", "npm_1"),
        ("SECRET_KEY_BASE", "abc"),
        ("DATABASE_URL", "postgres://me:canary@db/x"),
    ],
)
def test_secret_of_the_job_is_never_passed_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    """A plain variable stands in the release document, for everybody who reads it; the finding has no value in it."""
    monkeypatch.setenv(name, value)
    app = _load(tmp_path, FILE.replace("GREETING", name))
    (note,) = [note for note in app.notes if name in note.what]
    assert "not passed on" in note.what
    assert value not in note.what + note.fix or len(value) < 4
    assert name not in split_small(app).services["web"]["definition"]["environment"]
