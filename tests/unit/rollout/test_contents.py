"""What changed in images, asked beside the deploy: it tells what it can, and never fails or keeps anything."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from fairlead.errors import CommandFailedError
from fairlead.host.wire.result import Result
from fairlead.image.oci.manifests import UnfitError
from fairlead.image.scan.inventory import Contents as Held
from fairlead.image.scan.inventory import Inventory
from fairlead.remote.outcome import RolloutEnd
from fairlead.rollout import contents
from fairlead.rollout.change import _joined
from fairlead.rollout.contents import Contents
from tests.patience import PATIENCE

EMPTY = Held(1, frozenset(), frozenset())
IMAGE = {"image": "web", "digest": "sha256:2", "before": "sha256:1"}


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """However slow the machine is."""
    monkeypatch.setattr(contents, "_LONGEST", PATIENCE)


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
        (raising(OSError("the disk")), "the comparison ended in OSError"),
        (lambda *_: Inventory({"linux/amd64": None}), "the comparison ended in AttributeError"),  # type: ignore[dict-item]
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
    with hanging() as asked:
        monkeypatch.setattr(contents, "_LONGEST", 0.0)
        known, late = (one["contents"] for one in asked.joined())
    assert (known["unknown"], known["packages"]["count"]) == ("", 0)
    assert late == {"unknown": "the registry did not answer in time"}


def test_who_ends_the_command_ends_the_waiting_and_hears_how_it_ended() -> None:
    """A job is cancelled while the registry is waited for, and the servers are done."""
    with hanging() as asked:
        join = asked._thread.join

        def interrupted(longest: float) -> None:
            os.kill(os.getpid(), signal.SIGINT)
            join(longest)

        asked._thread.join = interrupted  # type: ignore[assignment,method-assign]
        try:
            known, late = (one["contents"] for one in asked.joined())
        except KeyboardInterrupt:
            pytest.fail("nobody hears how it ended")
    assert (known["unknown"], late["unknown"]) == ("", "the registry did not answer in time")


@pytest.mark.parametrize(("code", "waited"), [(0, None), (5, 0), (4, 0), (130, 0)])
def test_only_of_what_is_live_the_contents_are_waited_for(code: int, waited: float | None) -> None:
    """A cancelled job has seconds."""
    waits: list[float | None] = []

    def joined(longest: float | None) -> list[str]:
        waits.append(longest)
        return ["told"]

    asked: Any = SimpleNamespace(joined=joined)
    end = RolloutEnd(Result("reverted" if code else "live", code), ())
    assert _joined({"commits": []}, asked, end) == {"commits": [], "images": ["told"]}
    assert waits == [waited]


@contextmanager
def hanging() -> Iterator[Contents]:
    """What changed in two images, of which the registry has told one, and does not answer for the other."""
    begun, over = threading.Event(), threading.Event()

    def find(_: str, digest: str) -> Inventory:
        if digest == "sha256:3":
            begun.set()
            assert over.wait(PATIENCE)
        return Inventory({"linux/amd64": EMPTY})

    asked = Contents((IMAGE, {**IMAGE, "before": "sha256:3"}), {"web": "r/web"}, "000012", find)
    try:
        assert begun.wait(PATIENCE)
        assert asked._thread.daemon, "it keeps the process"
        yield asked
    finally:
        over.set()
        threading.Thread.join(asked._thread, PATIENCE)


def test_many_images_do_not_make_a_document_that_no_output_takes() -> None:
    def find(_: str, digest: str) -> Inventory:
        packages = frozenset((f"{digest}-{number}", "1") for number in range(500))
        return Inventory({"linux/amd64": Held(1, packages, frozenset())})

    images = [{**IMAGE, "image": "web", "before": f"sha256:{number}"} for number in range(3, 103)]
    found = joined(find, *images)
    assert sum(len(one["packages"]["listed"]) for one in found) <= 200
    assert {one["packages"]["count"] for one in found} == {1000}
