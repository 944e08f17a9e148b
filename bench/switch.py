"""Deploys and rollbacks under load of every protocol, beside plain ``docker compose up -d`` of the same app.

``ROUNDS=100`` makes a hundred of them: good ones, rollbacks, releases that cannot start and are refused, and, every
seventh, one that crashes as soon as somebody uses it, which its watch sees. The latter take with them what they have
in hand, so they have a load of their own. The release before stands by (``deploy.standby``) as it would in the minutes after
a deploy; without load, a rollback is measured that has to start it again, too.
"""

from __future__ import annotations

import re
import statistics
from collections.abc import Iterator

from bench.by_hand import measure_compose
from bench.measure import Row
from bench.rounds import Switch, median, plan_rounds, read_switches, run_round, save
from bench.streams import Ground, Outcome, count_rounds, take_ground, under_load
from chaos.losses import count_lost

_STANDBY = "standby: 2m"
_ROUNDS = 14
_EVERY = 7
_AT_REST = 3
_P99_GOAL = 1.5
_WARM_GOAL = 2.0
_REVERT_GOAL = 1.0
_SWITCH_SECONDS = 1.0
_AFTER = 1.0
"""Seconds after a release has ended in which its proxy may still find that out."""


def measure() -> list[Row]:
    """Rows for lost requests, latency, deploy, rollback, refusal and what a crash in the watch costs."""
    ground = take_ground("switch", _STANDBY)
    ground.fairlead("ship")
    count = count_rounds(_ROUNDS)
    ours = under_load(ground, plan_rounds(ground, count - count // _EVERY))
    switches = list(read_switches(ground, ours.rounds[0].began))
    save("fairlead", ours)
    rows = [*_latency_rows(ours, switches), *_time_rows(ours), *_rest_rows(ground)]
    if count >= _EVERY:
        rows += _crash_rows(ground, count // _EVERY)
    compose = measure_compose(ground)
    return [_lost_row(ours, compose), *rows, *_peer_rows(ours, compose)]


def _lost_row(ours: Outcome, compose: Outcome) -> Row:
    return Row(
        f"lost under load, {len(ours.rounds)} rounds, {ours.tally().requests} requests",
        str(ours.lost),
        f"{compose.lost} of {compose.tally().requests} in {len(compose.rounds)} rounds (docker compose up -d)",
        "-",
        "0",
        ours.lost == 0,
    )


def _latency_rows(ours: Outcome, switches: list[Switch]) -> Iterator[Row]:
    """A rollback apart: it is in a hurry."""
    rest = ours.p99(ours.at_rest([one.ended for one in switches]))
    for kind in sorted({one.kind for one in switches}):
        switch = ours.p99([(one.at, one.at + _SWITCH_SECONDS) for one in switches if one.kind == kind])
        ratio = switch / rest if rest else float("inf")
        yield Row(
            f"p99 in the {_SWITCH_SECONDS:g} s after the switch of a {kind}, against rest",
            f"{switch * 1000:.0f} ms, {rest * 1000:.0f} ms",
            "-",
            f"{ratio:.2f}x",
            f"<= {_P99_GOAL}x",
            ratio <= _P99_GOAL,
        )


def _time_rows(ours: Outcome) -> Iterator[Row]:
    warm = median(ours, "rollback")
    yield Row(
        "warm rollback under load, to what stands by (slowest phases)",
        f"{warm:.1f} s ({_slowest_phases(ours, 'rollback')})",
        "-",
        "-",
        f"< {_WARM_GOAL:g} s",
        warm < _WARM_GOAL,
    )
    yield Row(
        "a release that cannot start is refused in", f"{median(ours, 'bad'):.1f} s", "-", "-", "-", held=True
    )


def _rest_rows(ground: Ground) -> Iterator[Row]:
    """Rollbacks when nobody asks anything: to what stands by, and to what was stopped."""
    yield _rest_row(ground, "to what stands by")
    file = ground.root / "fairlead.yaml"
    file.write_text(file.read_text().replace(_STANDBY, "standby: 0s"))
    yield _rest_row(ground, "to what is started again")


def _rest_row(ground: Ground, what: str) -> Row:
    times = []
    for turn in range(_AT_REST):
        for label in ("a", "b"):
            run_round(ground, "deploy", f"rest{turn}{label}")
        times.append(run_round(ground, "rollback", "").seconds)
    warm = statistics.median(times)
    return Row(
        f"warm rollback without load, {what}",
        f"{warm:.1f} s",
        "-",
        "-",
        f"< {_WARM_GOAL:g} s",
        warm < _WARM_GOAL,
    )


def _crash_rows(ground: Ground, count: int) -> list[Row]:
    rounds = [lambda turn=turn: run_round(ground, "crashing", f"c{turn}") for turn in range(count)]
    crashing = under_load(ground, rounds)
    save("crashing", crashing)
    switches = list(read_switches(ground, crashing.rounds[0].began))
    assert crashing.report is not None
    lost, taken = count_lost(crashing.report, [(one.at, one.ended + _AFTER) for one in switches])
    away = max((_seconds_away(crashing, one) for one in switches), default=0.0)
    reverts = [_read_revert(one.said) for one in crashing.rounds]
    slowest = max(reverts, default=float("inf"))
    told = f"{len(crashing.rounds)} releases that crash in use, {crashing.tally().requests} requests"
    return [
        Row(
            f"lost beside {told}", str(lost), f"{taken} that the crashes took with them", "-", "0", lost == 0
        ),
        Row(
            "switched back after the watch has found it, slowest",
            f"{slowest * 1000:.1f} ms",
            f"users met it for {away:.1f} s at most",
            "-",
            f"< {_REVERT_GOAL:g} s",
            slowest < _REVERT_GOAL,
        ),
    ]


def _seconds_away(crashing: Outcome, switch: Switch) -> float:
    """From the first request that failed after a switch to the last."""
    assert crashing.report is not None
    started = float(crashing.report.document["started"])
    moments = [
        started + float(one["at"]) + float(one["seconds"])
        for part in crashing.report.document["parts"]
        for one in part["troubles"]
        if switch.at <= started + float(one["at"]) <= switch.ended + _AFTER
    ]
    return max(moments) - min(moments) if moments else 0.0


def _read_revert(said: str) -> float:
    """How long after the verdict the link was renamed back, in seconds."""
    found = re.search(r"switched back to \w+, ([\d.]+) ms after the verdict", said)
    return float(found[1]) / 1000 if found else float("inf")


def _peer_rows(ours: Outcome, compose: Outcome) -> Iterator[Row]:
    whole = ours.p99([(one.began, one.ended) for one in ours.rounds])
    peer = compose.p99([(one.began, one.ended) for one in compose.rounds])
    rest = compose.p99(compose.at_rest())
    yield Row(
        "p99 over whole deploys",
        f"{whole * 1000:.0f} ms",
        f"{peer * 1000:.0f} ms, {rest * 1000:.0f} ms at rest (docker compose up -d)",
        "-",
        "-",
        held=True,
    )
    yield Row(
        "deploy under load, same images",
        f"{median(ours, 'deploy'):.1f} s",
        f"{median(compose, 'compose'):.1f} s (docker compose up -d)",
        "-",
        "-",
        held=True,
    )


def _slowest_phases(outcome: Outcome, kind: str) -> str:
    phases = next((one.phases for one in outcome.rounds if one.kind == kind), {})
    slowest = sorted(phases.items(), key=lambda item: item[1], reverse=True)[:3]
    return ", ".join(f"{name} {seconds:.1f}" for name, seconds in slowest)
