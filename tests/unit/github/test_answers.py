"""Whatever answers in GitHub's place: a step that may fail fails no job, and no answer is taken for a fault of Fairlead."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
import requests
from hypothesis import example, given, settings
from hypothesis import strategies as st

from fairlead.boundary import main
from fairlead.errors import CommandFailedError
from fairlead.github.comment import MARKER
from fairlead.host.wire.status import StateAnswer

SHA = "b" * 40
SETTINGS = "app: board\nenvironments: {production: {hosts: [deploy@a.example.com]}}\n"
PUBLISHED = {
    "schema": "fairlead.publish/v1",
    "app": "board",
    "revision": SHA,
    "images": {"web": {"repository": "ghcr.io/acme/board", "digest": "sha256:1", "tags": []}},
}
LEAVES: st.SearchStrategy[Any] = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9)
JUNK = st.recursive(
    LEAVES, lambda some: st.lists(some, max_size=3) | st.dictionaries(st.text(max_size=5), some), max_leaves=6
)
NAMES = st.sampled_from(
    ["id", "sha", "url", "state", "payload", "body", "user", "html_url", "data", "viewer", "fairlead_run"]
)
WELL = st.sampled_from(
    [1, SHA, "success", MARKER, "77", {"login": "a", "type": "Bot"}, {"fairlead_run": "77"}]
)
NEAR = st.dictionaries(NAMES, WELL | JUNK, max_size=8)
ANSWER = st.builds(json.dumps, JUNK | NEAR | st.lists(NEAR | JUNK, max_size=3)).map(str.encode) | st.binary()
HTML = b"<html>Sign in</html>"


def answered(body: bytes, link: str = "") -> requests.Response:
    response = requests.Response()
    response.status_code = 200
    response._content = body
    if link:
        response.headers["Link"] = link
    return response


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The job of a pull request whose images are published and whose app serves."""
    folder = tmp_path_factory.mktemp("job")
    (folder / "fairlead.yaml").write_text(SETTINGS)
    (folder / ".fairlead").mkdir()
    (folder / ".fairlead" / "publish.json").write_text(json.dumps(PUBLISHED))
    event = {"number": 12, "pull_request": {"number": 12, "head": {"sha": SHA}, "base": {"sha": SHA}}}
    (folder / "event.json").write_text(json.dumps(event))
    environ = {
        "PATH": os.environ["PATH"],
        "GITHUB_ACTIONS": "true",
        "GITHUB_API_URL": "https://github.invalid",
        "GITHUB_EVENT_NAME": "pull_request",
        "GITHUB_EVENT_PATH": str(folder / "event.json"),
        "GITHUB_REPOSITORY": "acme/board",
        "GITHUB_RUN_ID": "77",
        "GITHUB_STEP_SUMMARY": str(folder / "page.md"),
        "GITHUB_TOKEN": "t0ken",
    }
    before = Path.cwd()
    os.chdir(folder)
    try:
        with mock.patch.dict(os.environ, environ, clear=True):
            yield folder
    finally:
        os.chdir(before)


def run(verb: str, answers: list[bytes], *options: str, state: Any = None) -> int:
    """A verb, with one answer after the other and then again."""
    turn = iter(range(1000))

    def request(*_: Any, **__: Any) -> requests.Response:
        return answered(answers[next(turn) % len(answers)], '<https://github.invalid/2>; rel="next"')

    states = mock.Mock(side_effect=state) if isinstance(state, Exception) else lambda _: {"a": state}
    with (
        mock.patch("requests.Session.request", request),
        mock.patch("fairlead.rollout.back.read_releases", states),
    ):
        return main(
            ["github", verb, *(("--environment", "production") if verb == "deployment" else ()), *options]
        )


SERVES = StateAnswer(serving="000001", revision=SHA)


@pytest.mark.parametrize("verb", ["comment", "deployment"])
@settings(max_examples=25)
@given(answers=st.lists(ANSWER, min_size=1, max_size=4))
@example(answers=[HTML])
@example(answers=[b"[]", HTML])
@example(answers=[b"null"])
@example(answers=[b""])
@example(answers=[b"\xff"])
@example(answers=[b"[" * 5000])
@example(answers=[b'{"data": [1]}'])
def test_no_answer_fails_a_job_whose_work_is_done(job: Path, verb: str, answers: list[bytes]) -> None:
    page = job / "page.md"
    page.write_text("")
    told = run(verb, answers, state=SERVES) == 0
    page.write_text("")
    assert run(verb, answers, "--allow-failure", state=SERVES) == 0
    shown = page.read_text()
    assert "bug in Fairlead" not in shown
    assert told or "GitHub was not told: " in shown or "there is no comment: " in shown


def test_what_is_no_answer_of_github_is_told_with_what_it_said(
    job: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for verb in ("comment", "deployment"):
        assert run(verb, [HTML], state=SERVES) == 4
        said = capsys.readouterr().out
        assert "is not GitHub's API" in said
        assert "Sign in" in said
        assert "Traceback" not in said


def test_that_nobody_could_look_is_not_told_as_that_nothing_serves(job: Path) -> None:
    page = job / "page.md"
    for state, said in (
        (CommandFailedError("a.example.com cannot be reached by ssh"), "it is not known what serves"),
        (SERVES, SHA[:12]),
    ):
        page.write_text("")
        assert run("deployment", [HTML], "--allow-failure", state=state) == 0
        shown = page.read_text()
        assert f"? production: {said}; GitHub was not told" in shown
        assert "✓" not in shown
        assert "nothing serves" not in shown
    page.write_text("")
    assert run("deployment", [b"[]"], state=StateAnswer()) == 0
    assert "✓ production: nothing serves" in page.read_text()
