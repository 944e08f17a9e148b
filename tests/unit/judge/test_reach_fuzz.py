"""Compose files and forged releases that reach for the host: what passes, the engine would grant nothing for.

Some cases by default; ``FAIRLEAD_FUZZ=100000`` for the long run, ``FAIRLEAD_FUZZ_SEED`` for another seed.
A case that fails is told by its seed and number. ``oracle.py`` knows what an engine grants, and nothing of the rules.
"""

from __future__ import annotations

import copy
import json
import os
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from fairlead.app.files.mounts import secret_sources
from fairlead.app.layout import lay_out
from fairlead.app.load import build_app
from fairlead.app.split import Pin, split
from fairlead.errors import FairleadError
from fairlead.host.plan.trespass import Neighbours, find_trespass
from fairlead.host.wire.admission import require_hashes
from fairlead.host.wire.compose.reach import find_reach
from fairlead.host.wire.document import parse_release
from fairlead.host.wire.errors import InputFault
from fairlead.judge.request import settings_request
from fairlead.judge.run import judge
from fairlead.quick.records import replace
from fairlead.settings.load import load_settings
from tests.unit.host.samples import document as sample
from tests.unit.judge import oracle
from tests.unit.judge.attacks import DEFS, SERVICE_KEYS, attack, grow, write_app

COUNT = int(os.environ.get("FAIRLEAD_FUZZ", "400"))
SEED = os.environ.get("FAIRLEAD_FUZZ_SEED", "1")
pytestmark = pytest.mark.timeout(14400 if COUNT > 10_000 else 300)
REVISION = "1" * 40
HOST = Neighbours(
    root=oracle.ROOT,
    socket="/run/docker.sock",
    app="board",
    apps=("shop",),
    resolve=oracle.resolve,
    same=lambda _path: False,
    owner=lambda _kind, name: oracle.OWNERS.get(name, ""),
)


def _clone(tmp_path: Path) -> Path:
    folder = tmp_path / "clone"
    (folder / ".git").mkdir(parents=True)
    (folder / "Dockerfile").write_text("FROM scratch\nUSER 10001\n")
    (folder / "conf").write_text("x\n")
    (tmp_path / "outside").write_text("x\n")
    (folder / "leaves").symlink_to("../outside")
    return folder


def _released(folder: Path) -> dict[str, Any] | None:
    """The release of an app that passes validate; None of one that does not."""
    settings = load_settings(folder, {})
    request = replace(settings_request(settings), ask=False)
    verdict = judge(request)
    if not verdict.passed:
        return None
    environment = settings.environment()
    model = verdict.judged[0].model
    app = build_app(settings, environment, model, registry=settings.registry, revision=REVISION)
    pins = {"web": Pin("ghcr.io/acme/board/web", "sha256:" + "b" * 64)}
    foreign, secrets = (
        {name: name for name in app.foreign_references()},
        dict.fromkeys(secret_sources(app), "a" * 64),
    )
    parts = split(lay_out(app), own=pins, foreign=foreign, secrets=secrets)
    return {
        **sample(),
        **json.loads(json.dumps(parts.document())),
        "secrets": secrets,
    }


def test_what_passes_validate_and_the_agent_reaches_nothing(tmp_path: Path) -> None:
    """Each app reaches for something by one key of the schema, in one spelling; some reach for nothing after all."""
    folder = _clone(tmp_path)
    seen: Counter[str] = Counter()
    for number in range(COUNT):
        dice = random.Random(f"{SEED}-app-{number}")  # noqa: S311 - seeded attacks
        names = write_app(folder, dice)
        try:
            document = _released(folder)
        except FairleadError:
            seen["refused"] += 1
            continue
        if document is None:
            seen["found"] += 1
            continue
        seen["passed"] += 1
        told = [(name, (folder / name).read_text()) for name in names]
        release = parse_release(document)
        require_hashes(release)
        if any(find_trespass(release, HOST)):
            seen["refused by the host"] += 1
            continue
        assert oracle.granted(document) == [], (f"{SEED}-app-{number}", told)
    # If nothing passed, nothing would be shown.
    assert seen["passed"] > COUNT / 100, seen
    assert seen["found"] > COUNT / 3, seen


def test_a_forged_release_takes_nothing_of_others() -> None:
    """No client made it: every key in every spelling, straight into what the host is asked to run."""
    seen: Counter[str] = Counter()
    for number in range(COUNT * 2):
        dice = random.Random(f"{SEED}-forged-{number}")  # noqa: S311 - seeded attacks
        document = _forged(dice)
        try:
            release = parse_release(document)
        except InputFault:
            seen["no document"] += 1
            continue
        if any(find_trespass(release, HOST)):
            seen["refused"] += 1
            continue
        seen["accepted"] += 1
        assert oracle.taken(document) == [], (f"{SEED}-forged-{number}", document)
    assert seen["accepted"] > COUNT / 20, seen
    assert seen["refused"] > COUNT / 20, seen


def _forged(dice: random.Random) -> dict[str, Any]:
    document: dict[str, Any] = copy.deepcopy(sample())
    (kind, _), fragment = attack(dice)
    if kind == "services":
        document["services"]["db"]["definition"].update(fragment)
    elif kind in ("networks", "volumes"):
        document[kind]["x"] = fragment
    else:
        document["services"]["db"]["definition"][kind] = [fragment]
    return document


@pytest.mark.parametrize("key", SERVICE_KEYS)
def test_each_key_of_the_schema_is_known(key: str) -> None:
    """Of every key it is known whether it reaches, by the rules and by the oracle alike; a new one must be looked at."""
    dice = random.Random(key)  # noqa: S311 - seeded values
    forms = [DEFS[part]["properties"].get(key) for part in ("container_spec", "workload_spec", "service")]
    form = next(form for form in forms if form is not None)
    made = copy.deepcopy(sample())
    for _ in range(20):
        value = grow(form, dice, key)
        made["services"]["db"]["definition"] = {"image": made["services"]["db"]["image"], key: value}
        try:
            release = parse_release(made)
        except InputFault:
            continue
        found = [one for one in find_reach(release) if one.service == "db"]
        granted = [one for one in oracle.granted(made) if one.startswith("db: ")]
        assert bool(granted) <= bool(found), (key, value, granted, found)
