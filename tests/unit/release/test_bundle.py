"""The release document, as a whole."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fairlead import __version__
from fairlead.app.split import ReleaseParts
from fairlead.host.run.announce import render_commit
from fairlead.host.wire.admission import require_verdict
from fairlead.host.wire.document import parse_release
from fairlead.host.wire.marks import Marks, keyed_mark
from fairlead.host.wire.release import content_hash
from fairlead.judge.evidence import Evidence
from fairlead.release.bundle import Origin, plan_bundle, plan_created_by, plan_run
from fairlead.release.secrets import Secret
from fairlead.settings.values import Environment, EventSettings, Settings

IMAGE = "ghcr.io/acme/board/web@sha256:" + "ab" * 32
SERVICE = {
    "role": "app",
    "rollout": "switch",
    "port": 8000,
    "health": {"path": "/health", "status": 200},
    "gate": "healthcheck",
    "expect_release": None,
    "image": IMAGE,
    "platforms": {},
    "why": "declared",
    "depends_on": {},
    "mounts": [{"secret": "password", "target": "/run/secrets/password"}],
    "definition": {"image": IMAGE},
    "hash": "cd" * 32,
    "irreversible": False,
}
PARTS = ReleaseParts(
    services={
        "web": SERVICE,
        "caddy": {**SERVICE, "role": "proxy", "rollout": "recreate", "port": None, "mounts": []},
    },
    networks={},
    volumes={},
    proxy={"service": "caddy"},
    routes={"web": 8000},
    probes=({"path": "/", "status": 200},),
    files={},
    blobs={"ef" * 32: b"config"},
)
ORIGIN = Origin("1a" * 20, 1_800_000_000, "https://github.com/acme/board", "alice@laptop")
VERDICT = Evidence(
    passed=True,
    fingerprint="5a" * 32,
    tool="fairlead",
    at=1_800_000_000,
    counts={"error": 0, "warning": 1},
    layers=("read", "schema"),
)
ENVIRONMENT = Environment(name="production", hosts=(), url="https://board.example.com")
MARKS = Marks(b"k" * 32)
SECRETS = {"password": Secret(b"c4n4ry"), "board_token": Secret(b"t0k3n")}


def _settings(events: EventSettings | None) -> Settings:
    return Settings(path=Path("fairlead.yaml"), root=Path(), app="board", events=events)


def test_the_document_is_what_the_contract_says_and_what_the_agent_takes() -> None:
    bundle = plan_bundle(
        _settings(EventSettings(url="https://b.example.com", token="board_token")),
        ENVIRONMENT,
        PARTS,
        SECRETS,
        MARKS,
        ORIGIN,
        VERDICT,
    )
    release = dict(bundle.release)
    parts = {key: release.pop(key) for key in PARTS.document()}
    assert parts == PARTS.document()
    assert release == {
        "schema": "fairlead.release/v1",
        "app": "board",
        "environment": "production",
        "revision": "1a" * 20,
        "revision_time": 1_800_000_000,
        "created_by": "alice@laptop",
        "tool": f"fairlead {__version__}",
        "source": "https://github.com/acme/board",
        "url": "https://board.example.com",
        "options": {
            "start_timeout": 120.0,
            "drain_timeout": 30.0,
            "keep": 5,
            "keep_size": 0,
            "standby": 120.0,
            "standby_memory": 0.25,
            "watch": {"window": 15.0, "errors": 0.05, "slow": 0.5, "requests": 20},
            "release_header": True,
        },
        "secrets": {name: keyed_mark(b"k" * 32, name, secret.reveal()) for name, secret in SECRETS.items()},
        "events": {"url": "https://b.example.com", "token_secret": "board_token"},
        "commit": {"subject": "", "author": ""},
        "verdict": {
            "passed": True,
            "fingerprint": "5a" * 32,
            "tool": "fairlead",
            "at": 1_800_000_000,
            "counts": {"error": 0, "warning": 1},
            "layers": ["read", "schema"],
        },
    }
    require_verdict(parse_release(json.loads(json.dumps(bundle.release))))


def test_the_folder_of_the_repository_is_the_release_s_where_it_is_known() -> None:
    """A server takes an app from one folder; the same files moved to another one are another release."""

    def deployed(directory: str) -> dict[str, Any]:
        origin = replace(ORIGIN, directory=directory)
        bundle = plan_bundle(_settings(None), ENVIRONMENT, PARTS, SECRETS, MARKS, origin, VERDICT)
        return json.loads(json.dumps(bundle.release))  # type: ignore[no-any-return]

    first, moved = deployed("apps/shop"), deployed("shop")
    assert parse_release(first).directory == "apps/shop"
    assert content_hash(first) != content_hash(moved)
    assert "directory" not in deployed("")
    assert parse_release(deployed("")).directory == ""


def test_no_value_of_a_secret_is_in_the_document_or_in_what_is_printed() -> None:
    bundle = plan_bundle(_settings(None), ENVIRONMENT, PARTS, SECRETS, MARKS, ORIGIN, VERDICT)
    assert "c4n4ry" not in json.dumps(bundle.release) + repr(bundle)


def test_a_board_without_a_token_is_not_told() -> None:
    settings = _settings(EventSettings(url="https://b.example.com"))
    release = plan_bundle(settings, ENVIRONMENT, PARTS, {}, MARKS, ORIGIN, VERDICT).release
    assert release["events"] is None
    assert "commit" not in release


def test_what_the_board_is_told_of_the_commit_makes_no_other_release() -> None:
    """The same commit by another job is the same release; texts are of whoever wrote it."""
    settings = _settings(EventSettings(url="https://b.example.com", token="board_token"))

    def deployed(**told: Any) -> dict[str, Any]:
        origin = replace(ORIGIN, **told)
        bundle = plan_bundle(settings, ENVIRONMENT, PARTS, SECRETS, MARKS, origin, VERDICT)
        return json.loads(json.dumps(bundle.release))  # type: ignore[no-any-return]

    run = "https://github.com/acme/board/actions/runs/7"
    first = deployed(subject="Mend\x1b[31m \u202eit", author="x" * 900, run=run)
    assert first["commit"]["subject"] == r"Mend \u202eit"
    assert len(first["commit"]["author"]) < 300
    assert content_hash(first) == content_hash(deployed())
    parsed = parse_release(first)
    assert parsed.commit.run == run
    assert render_commit(parsed, "deploy", parsed) == {
        **first["commit"],
        "source": "https://github.com/acme/board",
        "before": ORIGIN.revision,
    }
    assert render_commit(parsed, "rollback", None)["run"] is None


@pytest.mark.parametrize(
    ("changes", "url"),
    [
        ({}, "https://github.com/acme/board/actions/runs/7"),
        ({"GITHUB_RUN_ATTEMPT": "2"}, "https://github.com/acme/board/actions/runs/7/attempts/2"),
        ({"GITHUB_ACTIONS": ""}, ""),
        ({"GITHUB_RUN_ID": "x"}, ""),
        ({"GITHUB_SERVER_URL": "javascript:"}, ""),
    ],
)
def test_where_the_job_is_looked_at(changes: dict[str, str], url: str) -> None:
    environ = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_SERVER_URL": "https://github.com",
        "GITHUB_REPOSITORY": "acme/board",
        "GITHUB_RUN_ID": "7",
        "GITHUB_RUN_ATTEMPT": "1",
    }
    assert plan_run({**environ, **changes}) == url


@pytest.mark.parametrize(
    ("environ", "who"),
    [
        ({"GITHUB_ACTIONS": "true", "GITHUB_ACTOR": "octocat"}, "octocat (GitHub Actions)"),
        ({"GITHUB_ACTIONS": "true", "GITHUB_ACTOR": "a\r\n::error::b"}, "a\\n::error::b (GitHub Actions)"),
        ({"GITHUB_ACTIONS": "true", "GITHUB_ACTOR": "a" * 300}, "a" * 200),
        ({"GITHUB_ACTOR": "octocat"}, "alice@laptop"),
        ({}, "alice@laptop"),
    ],
)
def test_who_deploys(environ: dict[str, str], who: str) -> None:
    assert plan_created_by(environ, "alice", "laptop") == who
