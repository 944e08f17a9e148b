"""One round: a command under load, a fault in the middle of it, the next command, and what must hold then."""

from __future__ import annotations

import contextlib
import json
import re
import signal
import time
import urllib.error
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from functools import partial
from subprocess import Popen, TimeoutExpired
from typing import Any

from chaos.arena import APP, HOME, Arena
from chaos.losses import count_lost
from chaos.plan import Kind, Round, Strike
from fairlead import passed, process
from fairlead.errors import CommandFailedError
from fairlead.host.wire.phases import SWITCH
from lab.fault.inflict import begin, end, run_steps, undo
from lab.fault.plan import Fault, Options, plan_clock_ready

_REACH_SECONDS = 90.0
_CLIENT_SECONDS = 240.0
_BACK_SECONDS = 120.0
_REST = 0.5
_AFTER = 1.5
"""Seconds after a fault in which what it has hit may still fail: a packet that is sent again, a name looked up again."""
_FAULTS = {Kind.GOOD: "", Kind.BAD: "crash", Kind.CRASHING: "crash-in-use"}
_LASTING = {
    Strike.PAUSE: (Fault.PAUSE, Options(), 2.0),
    Strike.PARTITION: (Fault.PARTITION, Options(), 4.0),
    Strike.SLOW: (Fault.SLOW, Options(delay_ms=150), 4.0),
    Strike.REGISTRY: (Fault.REGISTRY, Options(), 4.0),
    Strike.DISK: (Fault.DISK, Options(), 4.0),
    Strike.CLOCK: (Fault.CLOCK, Options(skew=-7200.0), 4.0),
}


@dataclass
class Outcome:
    """How a round went. ``broken`` says what did not hold; empty when all did.

    Attributes:
        struck: the phase in which the fault struck by the journal's account; empty when the command had ended.
        exit: the exit code of the client; -9 when it was what was killed.
        said: what the next command said that it did.
        lost: requests lost that the fault does not excuse; ``excused``: those that it does.
    """

    round: Round
    struck: str = ""
    exit: int = 0
    said: str = ""
    before: str = ""
    serving: str = ""
    requests: int = 0
    lost: int = 0
    excused: int = 0
    seconds: float = 0.0
    broken: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        """One entry of the report."""
        return {**asdict(self), "round": {**asdict(self.round), "told": str(self.round)}}


def run_round(arena: Arena, one: Round) -> Outcome:
    """Let it happen, and look."""
    began = time.monotonic()
    if one.kind is Kind.ROLLBACK:
        arena.ensure_way_back()
    outcome = Outcome(one, before=arena.serving())
    verified = {arena.label()}
    load = arena.start_load()
    spans: list[tuple[float, float]] = []
    try:
        time.sleep(_REST)
        if one.strike is Strike.CLOCK:
            run_steps(plan_clock_ready(arena.server.name))
        offered = "" if one.kind is Kind.ROLLBACK else arena.release(_FAULTS[one.kind])
        with _client(arena, one) as (client, watcher):
            spans += list(_strike(arena, one, client, watcher, outcome))
            outcome.exit = _wait_for_client(client, outcome)
        if one.next == "again":
            _join(arena, outcome)
        arena.wait_until_up()
        arena.wait_until_idle()
        spans += _own_harm(arena, one)
        serving = _wait_until_served(arena, outcome)
        if serving is not None and one.strike is Strike.HOST:
            spans[-1] = (spans[-1][0], serving + _AFTER)
        _heal(arena, one, outcome)
        time.sleep(_REST)
        load.stop()
        report = load.report()
    except BaseException:
        load.kill()
        raise
    outcome.serving = arena.serving()
    verified |= {offered} if one.kind is Kind.GOOD else {arena.label_of(outcome.serving)}
    _judge(arena, one, outcome, verified)
    outcome.requests = int(report.document["requests"]["total"])
    outcome.lost, outcome.excused = count_lost(report, spans)
    if outcome.lost:
        troubles = [one for part in report.document["parts"] for one in part["troubles"]]
        outcome.broken.append(f"{outcome.lost} requests were lost, such as {troubles[:3]}")
    outcome.seconds = round(time.monotonic() - began, 1)
    return outcome


@contextlib.contextmanager
def _client(arena: Arena, one: Round) -> Iterator[tuple[Popen[bytes], Popen[bytes]]]:
    """The command, and the script on the server that waits for its phase."""
    action = "kill" if one.strike is Strike.AGENT else "freeze"
    words = (APP, one.phase, f"{one.delay:g}", action, f"{_REACH_SECONDS:g}")
    watcher = process.open_pipes(arena.script_argv("strike.py", *words))
    assert watcher.stdout is not None
    watcher.stdout.readline()
    verb = ("rollback",) if one.kind is Kind.ROLLBACK else ("deploy",)
    client = process.open_pipes(arena.argv(*verb), env=arena.environ, also=passed.PYTHON, cwd=arena.root)
    try:
        yield client, watcher
    finally:
        for each in (client, watcher):
            each.kill()
            each.communicate()


def _strike(
    arena: Arena, one: Round, client: Popen[bytes], watcher: Popen[bytes], outcome: Outcome
) -> Iterator[tuple[float, float]]:
    """Wait for the phase and bring the fault about; the spans of time in which it may cost requests."""
    assert watcher.stdout is not None
    told = json.loads(watcher.stdout.readline() or b"{}")
    outcome.struck = str(told.get("phase", "")) if told.get("reached") else ""
    if not told.get("reached") or one.strike is Strike.AGENT:
        return
    thaw = partial(process.run, arena.script_argv("thaw.py"), check=False, timeout=60)
    began = time.time()
    if one.strike is Strike.CLIENT:
        client.send_signal(signal.SIGKILL)
        thaw()
    elif one.strike in _LASTING:
        yield from _let_last(arena, one, thaw)
    elif one.strike is Strike.HOST:
        record = begin(arena.lab, arena.number, Fault.HOST, Options(), 60.0)
        time.sleep(1.0)
        end(arena.lab, arena.number, Fault.HOST, record)
        yield began, time.time()
    else:
        begin(arena.lab, arena.number, Fault.ENGINE, Options(hard=one.strike is Strike.CRASH), 0.0)
        thaw()
        arena.wait_until_up()
        yield began, time.time() + _AFTER


def _let_last(arena: Arena, one: Round, thaw: Callable[[], object]) -> Iterator[tuple[float, float]]:
    fault, options, seconds = _LASTING[one.strike]
    began = time.time()
    record = begin(arena.lab, arena.number, fault, options, 60.0)
    if one.strike is not Strike.PAUSE:
        thaw()
    time.sleep(seconds)
    undo(record)
    if one.strike is Strike.PAUSE:
        thaw()
    if one.strike is Strike.PARTITION:
        yield began, time.time() + 2 * _AFTER


def _wait_for_client(client: Popen[bytes], outcome: Outcome) -> int:
    try:
        told, complaints = client.communicate(timeout=_CLIENT_SECONDS)
    except TimeoutExpired:
        outcome.broken.append(f"the client did not end within {_CLIENT_SECONDS:g} s")
        return -1
    # At the beginning of a line: further in it is what a container printed, which a report may well quote.
    if re.search(rb"^Traceback", complaints + told, re.MULTILINE):
        outcome.broken.append(
            f"the client ended with a traceback: {complaints[-300:].decode(errors='replace')}"
        )
    return int(client.returncode)


def _join(arena: Arena, outcome: Outcome) -> None:
    """The same deploy again, while it is under way: it is followed from its first phase to its end, or was over."""
    done = arena.fairlead("deploy", check=False)
    found = json.loads(done.stdout or "{}")
    told = [one["phase"] for one in found.get("phases", [])]
    if done.returncode or told[:1] != ["prepare"] or (len(told) > 1 and told[-1] != "prune"):
        outcome.broken.append(f"the same deploy again ended with {done.returncode} and told of {told}")
    outcome.said = "followed" if len(told) > 1 else "it had ended well"


def _own_harm(arena: Arena, one: Round) -> list[tuple[float, float]]:
    """A release that crashes in use costs those who use it, until its watch has seen it."""
    if one.kind is not Kind.CRASHING:
        return []
    lines = arena.on_server("cat", f"{HOME}/journal.jsonl").splitlines()
    last = [json.loads(line) for line in lines]
    switches = [entry["at"] for entry in last if entry.get("phase") == SWITCH.name]
    return [(switches[-1], time.time() + _AFTER)] if switches else []


def _wait_until_served(arena: Arena, outcome: Outcome) -> float | None:
    """Somebody serves before anybody has repaired anything; since when, or None when nobody does."""
    deadline = time.monotonic() + _BACK_SECONDS
    while time.monotonic() < deadline:
        try:
            arena.label()
        except (OSError, urllib.error.HTTPError):
            time.sleep(0.2)
        else:
            return time.time()
    outcome.broken.append(f"nobody served within {_BACK_SECONDS:g} s")
    return None


def _heal(arena: Arena, one: Round, outcome: Outcome) -> None:
    """The next command, whichever it is, puts things in order."""
    if one.next == "deploy":
        arena.release()
        done = arena.fairlead("deploy", check=False)
        outcome.said = "deployed"
    else:
        done = arena.repair()
        outcome.said = "; ".join([*([outcome.said] if outcome.said else []), *_repaired(done.stdout)])
    if not done.ok:
        outcome.broken.append(
            f"the next command ended with {done.returncode}: {done.stdout[-400:]}{done.stderr[-200:]}"
        )
    # The board is told and images are tidied after the result.
    arena.wait_until_idle()


def _repaired(stdout: str) -> list[str]:
    for line in reversed(stdout.splitlines()):
        with contextlib.suppress(ValueError, TypeError, AttributeError):
            found = json.loads(line)
            if found.get("event") == "result":
                return [str(text) for text in found.get("data", {}).get("repaired", [])]
    return []


def _judge(arena: Arena, one: Round, outcome: Outcome, verified: set[str]) -> None:
    try:
        arena.wait_until_judged()
        outcome.broken += arena.find_disorder()
        answered = arena.label()
    except (CommandFailedError, OSError) as error:
        outcome.broken.append(f"it could not be looked at: {error}")
        return
    wanted = arena.label_of(outcome.serving)
    if answered != wanted:
        outcome.broken.append(f"{answered} answers, and {wanted} is switched to")
    if one.next != "deploy" and answered not in verified:
        outcome.broken.append(f"{answered} serves, which is none of {', '.join(sorted(verified))}")
    if one.kind in (Kind.BAD, Kind.CRASHING) and one.next != "deploy" and outcome.serving != outcome.before:
        outcome.broken.append(f"{outcome.serving} serves, though what was offered was bad")
