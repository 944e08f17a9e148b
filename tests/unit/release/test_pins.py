"""Which images a release takes for the commit's."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fairlead.errors import InputError
from fairlead.image.documents import PublishDocument, PublishedImage, write_document
from fairlead.release.pins import read_publish

COMMIT = "a" * 40


def published(app: str = "board", revision: str = COMMIT, digest: str = "1") -> PublishDocument:
    image = PublishedImage(
        repository="r/web",
        digest=f"sha256:{digest * 64}",
        tags=(f"sha-{revision}",),
        platforms={"linux/amd64": f"sha256:{'2' * 64}"},
    )
    return PublishDocument(app=app, revision=revision, revision_time=1, images={"web": image})


def text(document: PublishDocument) -> str:
    return json.dumps(document.to_json())


def test_what_the_job_before_hands_on_comes_before_a_file_that_lies_there(tmp_path: Path) -> None:
    assert read_publish(tmp_path, "board", COMMIT) is None
    write_document(tmp_path / "publish.json", published(digest="3"))
    assert read_publish(tmp_path, "board", COMMIT) == published(digest="3")
    assert read_publish(tmp_path, "board", COMMIT, text(published())) == published()


def test_a_file_of_another_commit_is_none_of_this_one(tmp_path: Path) -> None:
    write_document(tmp_path / "publish.json", published(revision="b" * 40))
    assert read_publish(tmp_path, "board", COMMIT) is None


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            text(published(revision="b" * 40)),
            "is about board at bbbbbbbbbbbb, and not about board at aaaaaaaaaaaa",
        ),
        (text(published(app="shop")), "is about shop at"),
        ("{", "FAIRLEAD_PUBLISHED does not hold"),
        ("[]", "FAIRLEAD_PUBLISHED does not hold"),
        (text(published(digest="z")), "FAIRLEAD_PUBLISHED does not hold"),
    ],
)
def test_what_is_given_and_is_not_this_commits_is_refused(given: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read_publish(tmp_path, "board", COMMIT, given)
    assert message in caught.value.what
