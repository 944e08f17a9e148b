"""Deploys and rollbacks under load of every protocol, beside plain ``docker compose up -d`` of the same app.

``ROUNDS=100`` makes a hundred of them, of which every fourth is a release that cannot start and is refused.
"""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable
from functools import partial
from pathlib import Path

from bench.measure import Row
from bench.streams import Ground, Outcome, Round, count_rounds, take_ground, timed, under_load
from fairlead.process import Completed

_ROUNDS = 10
_PEER_ROUNDS = 3
_P99_GOAL = 1.5
_WARM_GOAL = 2.0
_SWITCH_SECONDS = 1.0
_BY_HAND = "/srv/fairlead/by-hand/compose.json"


def measure() -> list[Row]:
    """Rows for lost requests, latency, deploy, rollback and refusal."""
    ground = take_ground("switch")
    ground.fairlead("ship")
    ours = under_load(ground, plan_rounds(ground, count_rounds(_ROUNDS)))
    switches = _switches(ground, ours)
    save("fairlead", ours)
    compose = _compose(ground)
    save("compose", compose)
    return _rows(ours, switches, compose)


def plan_rounds(ground: Ground, count: int) -> list[Callable[[], Round]]:
    """Two deploys, a rollback and a release that crashes, over and over."""
    rounds: list[Callable[[], Round]] = []
    for turn in range(count):
        kind = ("deploy", "deploy", "rollback", "bad")[turn % 4]
        rounds.append(partial(_round, ground, kind, turn))
    return rounds


def _round(ground: Ground, kind: str, turn: int) -> Round:
    if kind == "rollback":
        return expect(0, timed(kind, lambda: ground.fairlead("--json", "rollback", check=False)))
    # A changed variable is a new release of the same images: what is measured is the deploy, not the build.
    fault = ", FAULT: crash" if kind == "bad" else ""
    rewrite(ground.root / "fairlead.yaml", f"{{RELEASE: r{turn}{fault}}}")
    return expect(6 if fault else 0, timed(kind, lambda: ground.fairlead("--json", "deploy", check=False)))


def expect(code: int, one: Round) -> Round:
    """The round, which must have ended with this exit code."""
    if one.code != code:
        raise RuntimeError(f"a {one.kind} was to end with {code} and ended with {one.code}")
    return one


def rewrite(file: Path, variables: str) -> None:
    """Set the variables of the app's environment, which end its fairlead.yaml."""
    before, _, _ = file.read_text().partition("    variables:")
    file.write_text(f"{before}    variables: {variables}\n")


def _switches(ground: Ground, outcome: Outcome) -> list[tuple[float, float]]:
    """A second before to a second after each switch, by the journal of the server, whose clock is ours."""
    lines = ground.on_server("cat", "/srv/fairlead/streams/journal.jsonl").splitlines()
    entries = [json.loads(line) for line in lines]
    began = outcome.rounds[0].began
    moments = [entry["at"] for entry in entries if entry.get("phase") == "switch" and entry["at"] > began]
    return [(moment - _SWITCH_SECONDS, moment + _SWITCH_SECONDS) for moment in moments]


def _compose(ground: Ground) -> Outcome:
    """The same app, images and server with nothing but Compose: ``up -d`` with another variable."""
    from fairlead.lab.wipe import wipe_server

    published = json.loads((ground.root / ".fairlead" / "publish.json").read_text())["images"]["streams"]
    image = f"{published['repository']}@{published['digest']}"
    _log_in(ground)
    wipe_server(ground.server)
    ground.on_server("mkdir", "-p", str(Path(_BY_HAND).parent))
    text = (ground.root / "compose.yaml").read_text()
    text = text.replace("${FAIRLEAD_REGISTRY:?}/streams:${FAIRLEAD_TAG:?}", image)
    ground.on_server("sh", "-c", f"cat > {_BY_HAND}", stdin=text)

    def up(turn: int) -> Completed:
        words = (
            "env",
            f"RELEASE=c{turn}",
            "docker",
            "compose",
            "--project-name",
            "by-hand",
            "--file",
            _BY_HAND,
        )
        ground.on_server(*words, "up", "--detach", "--wait", "--no-build")
        return Completed(words, 0, "", "")

    up(0)
    rounds = [lambda turn=turn: timed("compose", lambda: up(turn)) for turn in range(1, _PEER_ROUNDS + 1)]
    outcome = under_load(ground, rounds)
    wipe_server(ground.server)
    return outcome


def _log_in(ground: Ground) -> None:
    words = ("docker", "login", "--username", ground.lab.username, "--password-stdin", ground.lab.registry)
    ground.on_server(*words, stdin=ground.lab.password)


def save(name: str, outcome: Outcome) -> None:
    """Keep the whole report of a load, for whoever wants to know more than a row tells."""
    from fairlead.tools.cache import cache_dir

    assert outcome.report is not None
    file = cache_dir() / "bench" / f"{name}.json"
    rounds = [vars(one) for one in outcome.rounds]
    file.write_text(json.dumps({"rounds": rounds, "report": outcome.report.document}))


def _rows(ours: Outcome, switches: list[tuple[float, float]], compose: Outcome) -> list[Row]:
    rest = ours.p99(ours.at_rest())
    switch = ours.p99(switches)
    whole = ours.p99([(one.began, one.ended) for one in ours.rounds])
    ratio = switch / rest if rest else float("inf")
    peer_rest, peer_whole = (
        compose.p99(compose.at_rest()),
        compose.p99([(one.began, one.ended) for one in compose.rounds]),
    )
    warm = median(ours, "rollback")
    count = f"{len(ours.rounds)} rounds, {ours.tally().requests} requests"
    return [
        Row(
            f"lost under load, {count}",
            str(ours.lost),
            f"{compose.lost} of {compose.tally().requests} in {len(compose.rounds)} rounds (docker compose up -d)",
            "-",
            "0",
            ours.lost == 0,
        ),
        Row(
            "p99 within 1 s of a switch, against rest",
            f"{switch * 1000:.0f} ms, {rest * 1000:.0f} ms",
            "-",
            f"{ratio:.2f}x",
            f"<= {_P99_GOAL}x",
            ratio <= _P99_GOAL,
        ),
        Row(
            "p99 over whole deploys",
            f"{whole * 1000:.0f} ms",
            f"{peer_whole * 1000:.0f} ms, {peer_rest * 1000:.0f} ms at rest (docker compose up -d)",
            "-",
            "-",
            held=True,
        ),
        Row(
            "deploy under load, same images",
            f"{median(ours, 'deploy'):.1f} s",
            f"{median(compose, 'compose'):.1f} s (docker compose up -d)",
            "-",
            "-",
            held=True,
        ),
        Row(
            "warm rollback under load, in all (slowest phases)",
            f"{warm:.1f} s ({_slowest_phases(ours, 'rollback')})",
            "-",
            "-",
            f"< {_WARM_GOAL:g} s",
            warm < _WARM_GOAL,
        ),
        Row("a release that crashes is refused in", f"{median(ours, 'bad'):.1f} s", "-", "-", "-", held=True),
    ]


def _slowest_phases(outcome: Outcome, kind: str) -> str:
    phases = next((one.phases for one in outcome.rounds if one.kind == kind), {})
    slowest = sorted(phases.items(), key=lambda item: item[1], reverse=True)[:3]
    return ", ".join(f"{name} {seconds:.1f}" for name, seconds in slowest)


def median(outcome: Outcome, kind: str) -> float:
    """The median time of a kind of round; 0 when there was none."""
    return statistics.median([one.seconds for one in outcome.rounds if one.kind == kind] or [0.0])
