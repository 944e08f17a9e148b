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
from fairlead.github.comment import MARKER, has_section, merge_section, put_comment
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


def put(api: Api, section: str, app: str = "board", token: str = "t0ken") -> str:
    return put_comment(replace(CONTEXT, api_url=api.url), 12, token, app, section)


def test_it_is_made_once_and_updated_ever_after(api: Api) -> None:
    api.comments += others(3)
    assert put(api, "one") == put(api, "two") == f"{api.url}/new"
    assert [one["body"] for one in api.comments[3:]] == [merge_section("", "board", "two")]
    assert api.requests[-2:] == [
        "PATCH /repos/acme/board/issues/comments/103",
        "GET /repos/acme/board/issues/comments/103",
    ]


def test_two_jobs_that_make_it_at_once_end_with_one_comment_and_both_sections(api: Api) -> None:
    api.meanwhile.append(lambda: api.comments.append(ours(merge_section("", "admin", "theirs"))))
    put(api, "one")
    (comment,) = api.comments
    assert has_section(comment["body"], "admin", "theirs")
    assert has_section(comment["body"], "board", "one")


def test_a_section_that_another_job_has_overwritten_is_written_again(api: Api) -> None:
    api.comments.append(ours(merge_section("", "admin", "old")))

    def overwrite() -> None:
        api.comments[0]["body"] = merge_section("", "admin", "new")

    api.meanwhile += [overwrite, overwrite]
    put(api, "one")
    (comment,) = api.comments
    assert has_section(comment["body"], "admin", "new")
    assert has_section(comment["body"], "board", "one")


def test_who_never_gets_his_turn_ends_in_words(api: Api) -> None:
    api.comments.append(ours(merge_section("", "admin", "old")))

    def overwrite() -> None:
        api.comments[0]["body"] = merge_section("", "admin", "new")

    api.meanwhile += [overwrite] * 20
    with pytest.raises(CommandFailedError, match="by other jobs all the time"):
        put(api, "one")


def ours(body: str) -> dict[str, Any]:
    return {"id": 50, "html_url": "", "user": BOT, "body": body}


def test_a_limit_is_waited_for_and_told_where_it_does_not_end(api: Api) -> None:
    api.retry_after = "0"
    api.refusals += [429, 403]
    put(api, "one")
    assert len(api.comments) == 1
    api.refusals += [429] * 4
    with pytest.raises(CommandFailedError, match="answered 429") as caught:
        put(api, "two")
    assert "run the job again later" in caught.value.fix


def test_a_refusal_says_which_permission_is_missing(api: Api) -> None:
    with pytest.raises(CommandFailedError, match="answered 401") as caught:
        put(api, "x", token="wrong")
    assert "pull-requests: write" in caught.value.fix
    assert "wrong" not in str(caught.value) + caught.value.why


def test_a_server_that_stumbles_is_asked_again(api: Api) -> None:
    api.refusals += [502]
    put(api, "one")
    assert len(api.comments) == 1


def test_an_unreachable_server_is_one_clear_error() -> None:
    with pytest.raises(CommandFailedError, match="could not be reached"):
        put_comment(replace(CONTEXT, api_url="http://127.0.0.1:9"), 12, "t0ken", "board", "x")


def prepare_job(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    """The files and variables of a pull request's job that has published."""
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
        "GITHUB_API_URL": url,
        "GITHUB_EVENT_PATH": str(tmp_path / "event.json"),
        "GITHUB_REPOSITORY": "acme/board",
        "GITHUB_TOKEN": "t0ken",
        "GITHUB_OUTPUT": "",
        "GITHUB_STEP_SUMMARY": "",
    }.items():
        monkeypatch.setenv(name, value)


def test_the_verb_names_what_was_published(
    api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    prepare_job(tmp_path, monkeypatch, api.url)
    assert main(["--json", "github", "comment", "--work-dir", str(tmp_path)]) == 0
    printed = capsys.readouterr()
    jsonschema.validate(json.loads(printed.out), load_schema("comment"))
    assert json.loads(printed.out) == {"schema": "fairlead.comment/v1", "number": 12, "url": f"{api.url}/new"}
    assert "ghcr.io/acme/board/api:pr-12-b" in api.comments[0]["body"]
    assert [line for line in printed.err.splitlines() if "t0ken" in line] == ["::add-mask::t0ken"]


def test_a_comment_that_cannot_be_written_fails_no_job_whose_images_are_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    prepare_job(tmp_path, monkeypatch, "http://127.0.0.1:9")
    words = ["--json", "github", "comment", "--work-dir", str(tmp_path)]
    assert main(words) == 4
    capsys.readouterr()
    assert main([*words, "--allow-failure"]) == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out)["url"] == ""
    assert "there is no comment: GitHub's API could not be reached" in printed.err
