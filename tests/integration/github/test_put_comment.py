"""The sticky comment, against a server that speaks GitHub's comments API over real HTTP."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from fairlead.boundary import main
from fairlead.errors import CommandFailedError
from fairlead.github.comment import MARKER, put_comment
from fairlead.github.context import GitHubContext
from fairlead.schemas import load_schema
from tests.github_api import BOT, Api, serve_api

CONTEXT = GitHubContext(
    event="pull_request",
    repository="acme/board",
    actor="alice",
    ref="",
    sha="",
    api_url="",
    server_url="https://github.com",
    run_id="1",
    pull_request=None,
)


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with serve_api() as server:
        yield server


def others(count: int) -> list[dict[str, Any]]:
    words = f"a word about {MARKER}"
    return [{"id": number, "html_url": "", "user": BOT, "body": words} for number in range(count)]


def test_it_is_made_once_and_updated_ever_after(api: Api) -> None:
    api.comments += others(3)
    context = replace(CONTEXT, api_url=api.url)
    first = put_comment(context, 12, "t0ken", f"{MARKER}\none")
    second = put_comment(context, 12, "t0ken", f"{MARKER}\ntwo")
    assert first == second == f"{api.url}/new"
    assert [one["body"] for one in api.comments[3:]] == [f"{MARKER}\ntwo"]
    assert api.requests[-1] == "PATCH /repos/acme/board/issues/comments/103"


def test_a_refusal_says_which_permission_is_missing(api: Api) -> None:
    with pytest.raises(CommandFailedError, match="answered 401") as caught:
        put_comment(replace(CONTEXT, api_url=api.url), 12, "wrong", "x")
    assert "pull-requests: write" in caught.value.fix
    assert "wrong" not in str(caught.value) + caught.value.why


def test_a_server_that_stumbles_is_asked_again(api: Api) -> None:
    api.refusals += [502]
    put_comment(replace(CONTEXT, api_url=api.url), 12, "t0ken", f"{MARKER}\none")
    assert len(api.comments) == 1


def test_an_unreachable_server_is_one_clear_error() -> None:
    with pytest.raises(CommandFailedError, match="could not be reached"):
        put_comment(replace(CONTEXT, api_url="http://127.0.0.1:9"), 12, "t0ken", "x")


def test_the_verb_names_what_was_published(
    api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    event = {
        "pull_request": {
            "number": 12,
            "head": {"sha": "b" * 40, "ref": "t", "repo": {"full_name": "acme/board"}},
        }
    }
    (tmp_path / "event.json").write_text(json.dumps(event))
    image = {
        "repository": "ghcr.io/acme/board/api",
        "digest": "sha256:1",
        "tags": ["pr-12-b"],
        "platforms": {},
    }
    published = {"schema": "fairlead.publish/v1", "app": "b", "revision": "b" * 40, "images": {"api": image}}
    (tmp_path / "publish.json").write_text(json.dumps(published))
    for name, value in {
        "GITHUB_ACTIONS": "true",
        "GITHUB_API_URL": api.url,
        "GITHUB_EVENT_PATH": str(tmp_path / "event.json"),
        "GITHUB_REPOSITORY": "acme/board",
        "GITHUB_TOKEN": "t0ken",
        "GITHUB_OUTPUT": "",
        "GITHUB_STEP_SUMMARY": "",
    }.items():
        monkeypatch.setenv(name, value)
    assert main(["--json", "github", "comment", "--work-dir", str(tmp_path)]) == 0
    printed = capsys.readouterr()
    jsonschema.validate(json.loads(printed.out), load_schema("comment"))
    assert json.loads(printed.out) == {"schema": "fairlead.comment/v1", "number": 12, "url": f"{api.url}/new"}
    assert "ghcr.io/acme/board/api:pr-12-b" in api.comments[0]["body"]
    assert [line for line in printed.err.splitlines() if "t0ken" in line] == ["::add-mask::t0ken"]
