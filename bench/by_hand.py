"""The peer that everybody has: plain ``docker compose up``, of the same app and images on the same server."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from bench.rounds import save
from bench.streams import PARTS, Ground, Outcome, timed, under_load
from fairlead.process import Completed
from lab.load.plan import Part
from lab.wipe import wipe_server

_ROUNDS = 3
_FILE = "/srv/fairlead/by-hand/compose.json"


def measure_compose(ground: Ground, parts: Sequence[Part] = PARTS) -> Outcome:
    """``up --detach --wait`` with another variable, a few times under load. The server is empty before and after."""
    _prepare(ground)
    _up(ground, 0)
    rounds = [lambda turn=turn: timed("compose", lambda: _up(ground, turn)) for turn in range(1, _ROUNDS + 1)]
    outcome = under_load(ground, rounds, parts)
    wipe_server(ground.server)
    save("compose", outcome)
    return outcome


def _prepare(ground: Ground) -> None:
    published = json.loads((ground.root / ".fairlead" / "publish.json").read_text())["images"]["streams"]
    image = f"{published['repository']}@{published['digest']}"
    words = ("docker", "login", "--username", ground.lab.username, "--password-stdin", ground.lab.registry)
    ground.on_server(*words, stdin=ground.lab.password)
    wipe_server(ground.server)
    ground.on_server("mkdir", "-p", str(Path(_FILE).parent))
    text = (ground.root / "compose.yaml").read_text()
    text = text.replace("${FAIRLEAD_REGISTRY:?}/streams:${FAIRLEAD_TAG:?}", image)
    ground.on_server("sh", "-c", f"cat > {_FILE}", stdin=text)


def _up(ground: Ground, turn: int) -> Completed:
    compose = ("docker", "compose", "--project-name", "by-hand", "--file", _FILE)
    words = ("env", f"RELEASE=c{turn}", *compose, "up", "--detach", "--wait", "--no-build")
    ground.on_server(*words)
    return Completed(words, 0, "", "")
