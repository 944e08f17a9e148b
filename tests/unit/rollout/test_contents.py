"""What changed in images, asked beside the deploy: it tells what it can, and never fails or keeps anything."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from fairlead.errors import CommandFailedError
from fairlead.image.oci.manifests import UnfitError
from fairlead.image.scan.inventory import Contents as Held
from fairlead.image.scan.inventory import Inventory
from fairlead.rollout import contents
from fairlead.rollout.contents import Contents

EMPTY = Held(1, frozenset(), frozenset())
IMAGE = {"image": "web", "digest": "sha256:2", "before": "sha256:1"}


def joined(find: Any, *images: Any, serving: str | None = "000012") -> list[Any]:
    found = Contents(images or (IMAGE,), {"web": "r/web"}, serving, find).joined()
    return [one["contents"] for one in found]


def raising(error: Exception) -> Any:
    def find(*_: str) -> Inventory:
        raise error

    return find


@pytest.mark.parametrize(
    ("find", "why"),
    [
        (lambda *_: None, "no scan of 000012 is kept"),
        (
            lambda _, digest: Inventory({}) if digest == "sha256:1" else None,
            "no scan of this release is kept",
        ),
        (raising(UnfitError("it is no JSON")), "what is kept as the scan of 000012 is none: it is no JSON"),
        (raising(CommandFailedError("the registry r does not answer")), "the registry r does not answer"),
        (
            lambda _, digest: Inventory({digest: EMPTY}),
            "the scan of 000012 is of other platforms",
        ),
    ],
)
def test_what_cannot_be_known_is_said(find: Any, why: str) -> None:
    assert joined(find) == [{"unknown": why}]


def test_only_what_changed_is_asked_for() -> None:
    same, first = {**IMAGE, "before": "sha256:2"}, {**IMAGE, "before": None}
    asked: list[tuple[str, str]] = []

    def find(repository: str, digest: str) -> Inventory:
        asked.append((repository, digest))
        return Inventory({"linux/amd64": EMPTY})

    found = joined(find, same, first, IMAGE)
    assert found[:2] == [None, None]
    assert found[2]["packages"]["count"] == 0
    assert sorted(asked) == [("r/web", "sha256:1"), ("r/web", "sha256:2")]


def test_a_registry_that_hangs_keeps_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """What it has told by then stands there; of the rest it is said that nobody knows."""
    over = threading.Event()

    def find(_: str, digest: str) -> Inventory:
        if digest == "sha256:3":
            assert over.wait(60)
        return Inventory({"linux/amd64": EMPTY})

    monkeypatch.setattr(contents, "_LONGEST", 0.2)
    found = joined(find, IMAGE, {**IMAGE, "before": "sha256:3"})
    over.set()
    assert found[1] == {"unknown": "the registry did not answer in time"}


def test_many_images_do_not_make_a_document_that_no_output_takes() -> None:
    def find(_: str, digest: str) -> Inventory:
        packages = frozenset((f"{digest}-{number}", "1") for number in range(500))
        return Inventory({"linux/amd64": Held(1, packages, frozenset())})

    images = [{**IMAGE, "image": "web", "before": f"sha256:{number}"} for number in range(3, 103)]
    found = joined(find, *images)
    assert sum(len(one["packages"]["listed"]) for one in found) <= 200
    assert {one["packages"]["count"] for one in found} == {1000}
