"""What differs from the release before."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fairlead.app.split import Pin
from fairlead.errors import CommandFailedError
from fairlead.host.wire.result import Result
from fairlead.host.wire.status import KnownRelease, RunningService, StateAnswer
from fairlead.image.documents import BuildDocument, BuiltImage, write_document
from fairlead.remote.outcome import HostEnd, RolloutEnd
from fairlead.rollout import changed
from fairlead.rollout.changed import back_of, changes_of, images_back, since_replaced, told
from tests.recording import RecordingReporter

OLD, NEW = "a" * 40, "b" * 40
REPOSITORY = "r.example.com/board/web"
SERVICE = RunningService(service="web", image=f"{REPOSITORY}@sha256:1", digest="sha256:1")
OWN = {"web": Pin(REPOSITORY, "sha256:2", sizes={"linux/amd64": 5})}


def release(**digests: str) -> dict[str, Any]:
    images = {name: {"image": f"{REPOSITORY}@{digest}"} for name, digest in digests.items()}
    return {"revision": NEW, "services": {**images, "db": {"image": "postgres@sha256:9"}}}


@pytest.fixture(autouse=True)
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """What git is asked for, which answers with one commit."""
    found: list[tuple[str, str]] = []

    def list_commits(_: Path, older: str, newer: str) -> list[tuple[str, str]]:
        found.append((older, newer))
        return [(newer, "Mend it")]

    monkeypatch.setattr(changed, "list_commits", list_commits)
    return found


def test_commits_and_images_since_the_release_before(tmp_path: Path) -> None:
    before = StateAnswer(serving="000013", revision=OLD, services=(SERVICE,))
    found = changes_of(tmp_path, before, release(web="sha256:2"), OWN, (), tmp_path)
    assert found["commits"] == [{"revision": NEW, "subject": "Mend it"}]
    (image,) = found["images"]
    assert (image["before"], image["digest"], image["published"]) == ("sha256:1", "sha256:2", "sha256:2")
    assert (image["built"], image["scanned"], image["sizes"]) == (None, None, {"linux/amd64": 5})


def test_a_first_release_has_nothing_before_it(tmp_path: Path, asked: list[tuple[str, str]]) -> None:
    found = changes_of(tmp_path, StateAnswer(), release(), OWN, (), tmp_path)
    assert (found["before"], found["commits"], asked) == (None, None, [])


BETWEEN = "c" * 40


def _waited(tmp_path: Path, result: Result, state: Any) -> dict[str, Any]:
    """The changes of a deploy that connected when 000013 served."""
    before = StateAnswer(serving="000013", revision=OLD, services=(SERVICE,))
    found = changes_of(tmp_path, before, release(web="sha256:2"), OWN, (), tmp_path)
    found["images"] = [{**one, "contents": {"packages": {}}} for one in found["images"]]
    ended = RolloutEnd(result, (HostEnd("a", result),))
    server: Any = SimpleNamespace(state=state)
    return since_replaced(tmp_path, found, {"a": server}, {"a": before}, ended)


@pytest.mark.parametrize(("digest", "ran"), [("sha256:1", "sha256:1"), ("sha256:7", None)])
def test_a_deploy_that_waited_tells_what_it_changes_of_the_release_that_it_replaced(
    tmp_path: Path, asked: list[tuple[str, str]], digest: str, ran: str | None
) -> None:
    between = KnownRelease("000014", revision=BETWEEN, digests=(digest,))
    result = Result("live", release="000015", serving="000015", previous="000014")
    found = _waited(tmp_path, result, lambda *, digests: StateAnswer(releases=(between,) if digests else ()))
    assert (found["before"], found["after"], asked[-1]) == (BETWEEN, NEW, (BETWEEN, NEW))
    (image,) = found["images"]
    assert (image["before"], image["contents"]) == (ran, {"packages": {}} if ran else None)


@pytest.mark.parametrize("serving", ["000013", None, "000014"])
@pytest.mark.parametrize("status", ["live", "reverted"])
def test_nothing_is_asked_where_nothing_came_between_and_an_error_fails_no_deploy(
    tmp_path: Path, serving: str | None, status: str
) -> None:
    def ask(*, digests: bool) -> StateAnswer:
        assert (serving, status, digests) == ("000014", "live", True)
        raise CommandFailedError("it is gone")

    assert _waited(tmp_path, Result(status, previous=serving), ask)["before"] == OLD


def test_a_build_of_another_commit_says_nothing_of_this_one(tmp_path: Path) -> None:
    image = BuiltImage(repository=REPOSITORY, layout="l", digest="sha256:2", platforms={})
    document = BuildDocument(
        app="board",
        revision=OLD,
        revision_time=1,
        dirty_files=(),
        branch=None,
        git_tags=(),
        created_at="2026-01-01T00:00:00Z",
        images={"web": image},
    )
    write_document(tmp_path / "build.json", document)
    (found,) = changes_of(tmp_path, StateAnswer(), release(web="sha256:2"), OWN, (), tmp_path)["images"]
    assert found["built"] is None


def test_a_service_that_is_not_deployed_or_goes_on_as_it_is_has_no_new_digest(tmp_path: Path) -> None:
    """What it runs is not what this commit published, whatever that is."""
    found = changes_of(
        tmp_path, StateAnswer(), release(web="sha256:2", old="sha256:1"), OWN, ("old",), tmp_path
    )
    assert found["only"] == ["old"]
    assert found["images"] == [
        {
            "image": "web",
            "digest": "sha256:1",
            "before": None,
            "sizes": {},
            **dict.fromkeys(("built", "scanned", "published")),
        }
    ]


@pytest.mark.parametrize(("target", "older"), [("000011", "c" * 40), (None, OLD), ("000009", None)])
def test_a_rollback_takes_back_the_commits_since_its_target(
    tmp_path: Path, asked: list[tuple[str, str]], target: str | None, older: str | None
) -> None:
    known = (KnownRelease(id="000011", revision="c" * 40), KnownRelease(id="000012", revision=OLD))
    before = StateAnswer(serving="000013", previous="000012", revision=NEW, releases=known)
    found = back_of(tmp_path, before, target)
    assert found["back"]
    assert asked == ([(older, NEW)] if older else [])
    assert (found["commits"] is None) == (older is None)


def test_a_rollback_has_the_images_of_ours_that_serve_again() -> None:
    """As the server tells what it has started; what stayed as it was, or is others', has no other image."""
    before = StateAnswer(
        serving="000013", services=(SERVICE, RunningService(service="db", image="db@sha256:3"))
    )
    web = {"service": "web", "image": f"{REPOSITORY}@sha256:0"}
    others: list[dict[str, Any]] = [
        {"service": "web2", "image": f"{REPOSITORY}@sha256:0"},
        {"service": "db", "image": "db@sha256:9"},
        {"service": "web", "image": "r.example.com/boardroom/web@sha256:0"},
        {"service": "web", "image": REPOSITORY},
        {"service": "web"},
        {},
    ]
    found = images_back(before, {"actions": [web, *others]}, "r.example.com/board")
    assert list(found) == [REPOSITORY]
    image = found[REPOSITORY]
    assert (image["image"], image["digest"], image["before"]) == ("web", "sha256:0", "sha256:1")
    assert images_back(before, {"actions": [web]}, "") == {}


@pytest.mark.parametrize(
    "actions", [["x"], {"a": 1}, 5, "x", [5], [None], [{"service": 5}], [{"image": ["x"]}]]
)
def test_what_a_server_of_another_mind_tells_of_a_rollback_is_no_list_of_images(actions: Any) -> None:
    reporter = RecordingReporter()
    data = {"actions": actions}
    with pytest.raises(CommandFailedError, match="does not hold"):
        images_back(StateAnswer(), data, "r.example.com/board")
    assert (
        told(lambda: images_back(StateAnswer(), data, "r.example.com/board"), reporter, is_done=True) is None
    )
    (warning,) = reporter.said("warn")
    assert warning.startswith("what this changes cannot be told: CommandFailedError: the server's answer")


@pytest.mark.parametrize("error", [AttributeError("x"), OSError("x"), RecursionError("x")])
def test_whatever_goes_wrong_in_what_is_told_besides_fails_nothing(error: Exception) -> None:
    reporter = RecordingReporter()
    assert told(raising(error), reporter, is_done=False) is None
    assert reporter.said("warn") == [f"what this changes cannot be told: {type(error).__name__}: x"]
    assert told(lambda: 5, reporter, is_done=False) == 5


def test_who_ends_the_command_is_obeyed_until_the_servers_are_done() -> None:
    reporter = RecordingReporter()
    with pytest.raises(KeyboardInterrupt):
        told(raising(KeyboardInterrupt()), reporter, is_done=False)
    assert told(raising(KeyboardInterrupt()), reporter, is_done=True) is None
    assert reporter.said("warn") == ["what this changes is not told: the command was interrupted"]


def raising(error: BaseException) -> Callable[[], object]:
    def find() -> object:
        raise error

    return find
