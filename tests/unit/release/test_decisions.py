"""Which images, in which order, and the plan as text."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from fairlead.app.split import Pin
from fairlead.errors import InputError
from fairlead.host.wire.answer import parse_answer
from fairlead.host.wire.planned import PlanAnswer, Refusal
from fairlead.image.documents import PublishDocument, PublishedImage
from fairlead.image.registry.client import Resolved
from fairlead.release.order import plan_order
from fairlead.release.pins import resolve_foreign, resolve_own
from fairlead.release.plan_text import plan_lines, plan_rows, plan_sentence
from fairlead.settings.images import ImageSettings
from fairlead.settings.values import Settings
from tests.unit.image.indexes import INDEX

FOUND = Resolved("r", INDEX.data)
NEW, OLD = FOUND.digest, "sha256:" + "2" * 64
SETTINGS = Settings(
    path=Path("fairlead.yaml"),
    root=Path(),
    app="board",
    registry="ghcr.io/acme/board",
    images={
        name: ImageSettings(name=name, dockerfile=Path("Dockerfile"), context=Path())
        for name in ("api", "web")
    },
)


class Registry:
    """Answers with one digest and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, reference: str) -> Resolved:
        self.asked.append(reference)
        return Resolved(reference, FOUND.data)


def test_a_tag_that_moved_upstream_does_not_recreate_what_runs() -> None:
    registry = Registry()
    running = (f"postgres:17@{OLD}", f"caddy:2.11.3@{OLD}")
    pins = resolve_foreign(["postgres:17", "caddy:2.11.4", "redis@" + OLD], running, registry)
    assert pins == {"postgres:17": f"postgres:17@{OLD}", "caddy:2.11.4": f"caddy:2.11.4@{NEW}"}
    assert registry.asked == ["caddy:2.11.4"]


def test_what_was_published_here_is_not_asked_for_again() -> None:
    registry = Registry()
    web = PublishedImage(repository="ghcr.io/acme/board/web", digest=OLD, tags=(), platforms={})
    published = PublishDocument(app="board", revision="a" * 40, revision_time=1, images={"web": web})
    pins = resolve_own(SETTINGS, ["api", "web"], "sha-x", published, registry)
    assert pins == {
        "web": Pin("ghcr.io/acme/board/web", OLD, {}),
        "api": Pin("ghcr.io/acme/board/api", NEW, INDEX.platforms),
    }
    assert registry.asked == ["ghcr.io/acme/board/api:sha-x"]


def test_a_commit_that_was_never_published_is_told_so() -> None:
    def missing(reference: str) -> Resolved:
        raise InputError(f"the image {reference} is not in the registry")

    with pytest.raises(InputError, match="not published") as caught:
        resolve_own(SETTINGS, ["web"], "sha-x", None, missing)
    assert "ghcr.io/acme/board/web:sha-x" in caught.value.why
    assert "fairlead ship" in caught.value.fix


@pytest.mark.parametrize(
    ("ancestors", "serving", "allowed"),
    [
        ({("old", "ours"): True}, "old", True),
        ({("ours", "other"): None, ("other", "ours"): None}, "other", False),
        ({("ours", "other"): False, ("other", "ours"): False}, "other", False),
        ({}, None, False),
        ({}, "ours", False),
    ],
)
def test_history_decides_where_it_can_and_leaves_the_rest_to_the_server(
    ancestors: dict[tuple[str, str], bool | None], serving: str | None, allowed: bool
) -> None:
    answer = plan_order("ours", serving, lambda a, b: ancestors[a, b], allow_older=False)
    assert answer is allowed


def test_an_overtaken_commit_does_not_undo_a_newer_one() -> None:
    history = {("newer", "ours"): False, ("ours", "newer"): True}
    with pytest.raises(InputError, match="older"):
        plan_order("ours", "newer", lambda a, b: history[a, b], allow_older=False)
    assert plan_order("ours", "newer", lambda a, b: history[a, b], allow_older=True)


def _action(**more: str) -> dict[str, str]:
    return {
        "service": "web",
        "role": "app",
        "action": "start",
        "reason": "new image",
        "image": f"ghcr.io/acme/board/web@{NEW}",
        "release": "000043",
        "why": "inferred: has a port",
        **more,
    }


PLAN: PlanAnswer = parse_answer(
    PlanAnswer,
    {
        "app": "board",
        "release": "000043",
        "previous": "000042",
        "unchanged": False,
        "actions": [_action(), _action(service="api", action="carry", reason="unchanged", release="000041")],
        "steps": ["pull x", "switch to 000043"],
        "refusals": [],
    },
)


def test_a_row_says_what_happens_why_and_where_the_role_comes_from() -> None:
    image = f"ghcr.io/acme/board/web@{NEW.removeprefix('sha256:')[:12]}"
    assert plan_rows(PLAN) == [
        ("web", "app", "start", "new image", image, "inferred: has a port"),
        ("api", "app", "carry (000041)", "unchanged", image, "inferred: has a port"),
    ]


def test_the_plan_in_one_line_and_in_steps() -> None:
    assert plan_sentence(PLAN, "deploy@app") == "board 000043 replaces 000042 on deploy@app"
    assert plan_lines(PLAN, {"routes": {"web": 8000}, "url": "https://b.example.com"}) == [
        "through the switch: web:8000",
        "public address: https://b.example.com",
        "steps:",
        "  1. pull x",
        "  2. switch to 000043",
    ]
    services = {"web": {}, "api": {"further": [9000, 9001]}}
    assert "between services, too: api:9000, api:9001" in plan_lines(PLAN, {"services": services})
    assert "first release" in plan_sentence(replace(PLAN, previous=None), "deploy@app")
    assert "nothing to do" in plan_sentence(replace(PLAN, unchanged=True), "deploy@app")


def test_a_refusal_is_in_the_plan() -> None:
    refused = replace(PLAN, refusals=(Refusal("too old", "because", "--allow-older"),))
    assert plan_sentence(refused, "deploy@app") == "this would be refused by deploy@app: too old"
    assert plan_lines(refused)[-3:] == ["refused: too old", "  why: because", "  fix: --allow-older"]
