"""The app with streams on a server of the lab, and the load that every way of deploying it is measured under."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fairlead.errors import InputError
from fairlead.passed import PYTHON
from fairlead.process import Completed, run
from fairlead.tools.cache import cache_dir
from lab.load.plan import Part, Plan, Protocol, Target, parse_target
from lab.load.report import Report, Tally
from lab.load.run import Load
from lab.state import Lab, Server
from lab.up import start_lab
from lab.wipe import wipe_server

CHECKOUT = Path(__file__).resolve().parents[1]
APP = CHECKOUT / "tests" / "e2e" / "apps" / "streams"
# What one deploy may take of a second of every kind: some 300 requests, and streams and transfers that outlast it.
PARTS = (
    Part(Protocol.H1, rate=200, clients=16),
    Part(Protocol.H1, "/inner", rate=20, clients=8),
    Part(Protocol.POST, rate=50, clients=8, size=4096),
    Part(Protocol.WS, clients=4),
    Part(Protocol.SSE, clients=4),
    Part(Protocol.UPLOAD, clients=2, size=100_000, span=6),
    Part(Protocol.DOWNLOAD, clients=2, size=100_000, span=6),
)
H2 = Part(Protocol.H2, rate=50, clients=8)
# Requests whose latency is compared; an upload takes as long as it is told to.
SHORT = (Protocol.H1, Protocol.H2, Protocol.POST)
_STANDBY = "standby: 0s"
_WARM_SECONDS = 5.0
_REST_SECONDS = 4.0


@dataclass
class Ground:
    """Where the benchmark runs: the lab, one server of it without any app, and a copy of the app's repository."""

    lab: Lab
    server: Server
    root: Path
    environ: dict[str, str]

    @property
    def url(self) -> str:
        return f"http://{self.server.address}"

    def fairlead(self, *words: str, check: bool = True) -> Completed:
        """Run ``fairlead`` in the repository."""
        return run(
            [sys.executable, "-m", "fairlead", *words],
            cwd=self.root,
            env=self.environ,
            also=PYTHON,
            check=check,
        )

    def on_server(self, *argv: str, stdin: str = "", check: bool = True) -> str:
        """Run a command on the server's console."""
        words = ["docker", "exec", "--interactive", self.server.name, *argv]
        return run(words, stdin=stdin.encode(), check=check).stdout

    def git(self, *words: str) -> str:
        """Run git in the repository."""
        who = ("-c", "user.name=Bench", "-c", "user.email=bench@example.com")
        return run(["git", *who, *words], cwd=self.root).stdout.strip()


@dataclass(frozen=True)
class Round:
    """One change of what serves: from when to when (seconds since the epoch), and how its command ended.

    ``phases``: seconds by phase, where the command tells them (``--json``); ``said``: what it told beside that.
    """

    kind: str
    began: float
    ended: float
    code: int
    phases: Mapping[str, float] = field(default_factory=dict)
    said: str = ""

    @property
    def seconds(self) -> float:
        return self.ended - self.began


@dataclass
class Outcome:
    """What one way of deploying did to the load."""

    rounds: list[Round] = field(default_factory=list)
    report: Report | None = None

    def tally(self) -> Tally:
        """All requests."""
        assert self.report is not None
        return self.report.tally()

    @property
    def lost(self) -> int:
        """Requests lost or answered wrongly, streams cut, events missed."""
        assert self.report is not None
        return self.report.failed

    def p99(self, spans: Sequence[tuple[float, float]]) -> float:
        """The 99th percentile of short requests that began in any of these spans, in seconds."""
        assert self.report is not None
        whole = Tally()
        for begin, end in spans:
            whole.latencies.merge(self.report.tally(begin, end, SHORT).latencies)
        return whole.latencies.percentile(99)

    def at_rest(self, ended: Sequence[float] = ()) -> list[tuple[float, float]]:
        """The spans between rounds, the first and the last second of each left out.

        ``ended``: when the server was done with what it did for a round, which may be later than the command.
        """
        assert self.report is not None
        started = float(self.report.document["started"])
        ends = [started + 1, *(one.ended for one in self.rounds)]
        begins = [*(one.began for one in self.rounds), started + float(self.report.document["seconds"])]
        gaps = [
            (max([end, *(one for one in ended if end < one < begin)]), begin)
            for end, begin in zip(ends, begins, strict=True)
        ]
        return [(end + 1, begin - 1) for end, begin in gaps if begin - end > 2]


def count_rounds(default: int) -> int:
    """How many rounds: ``ROUNDS``, or the default."""
    text = os.environ.get("ROUNDS", str(default))
    if not text.isdecimal() or not int(text):
        raise InputError(f"ROUNDS is `{text}`", fix="a number, such as ROUNDS=100")
    return int(text)


def take_ground(name: str, deploy: str = _STANDBY) -> Ground:
    """A copy of the app's repository, committed, and a server without any app.

    The last server of the lab is taken, so that others may use the first; ``BENCH_SERVER`` names another.

    Args:
        name: of the copy's folder.
        deploy: what stands by after a deploy, such as ``standby: 2m``.
    """
    lab = start_lab()
    number = int(os.environ.get("BENCH_SERVER", "0")) or max(lab.servers)
    server = lab.server(number)
    root = cache_dir() / "bench" / name
    shutil.rmtree(root, ignore_errors=True)
    shutil.copytree(APP, root)
    file = root / "fairlead.yaml"
    text = file.read_text().replace("127.0.0.3", server.address)
    # What is measured is what gets lost: a machine that is busy otherwise may take its time.
    file.write_text(text.replace("start_timeout: 20s", "start_timeout: 90s").replace(_STANDBY, deploy))
    ground = Ground(lab, server, root, {**lab.environ, "FAIRLEAD_REGISTRY": _namespace(lab)})
    ground.git("init", "--quiet", "--initial-branch", "main")
    ground.git("add", "--all")
    ground.git("commit", "--quiet", "--message", "first")
    wipe_server(server)
    return ground


def under_load(
    ground: Ground,
    rounds: Sequence[Callable[[], Round]],
    parts: Sequence[Part] = PARTS,
    target: Target | None = None,
) -> Outcome:
    """Let rounds happen one after the other under load, with a rest before, between and after.

    ``target`` is the server by plain HTTP, if none is given.
    """
    target = target or parse_target(ground.url)[0]
    under_way = Load(Plan(target, tuple(parts), seconds=24 * 3600), ground.url, 1)
    outcome = Outcome()
    try:
        time.sleep(_WARM_SECONDS)
        for one in rounds:
            outcome.rounds.append(one())
            print(f"  {outcome.rounds[-1].kind}: {outcome.rounds[-1].seconds:.1f} s", file=sys.stderr)
            time.sleep(_REST_SECONDS)
        under_way.stop()
        outcome.report = under_way.report()
    except BaseException:
        under_way.kill()
        raise
    return outcome


def timed(kind: str, work: Callable[[], Completed]) -> Round:
    """One round."""
    began = time.time()
    done = work()
    return Round(kind, began, time.time(), done.returncode, _phases(done.stdout), done.stderr)


def _phases(text: str) -> dict[str, float]:
    try:
        return {one["phase"]: one["seconds"] for one in json.loads(text)["phases"]}
    except (ValueError, KeyError, TypeError):
        return {}


def _namespace(lab: Lab) -> str:
    """Where the images go: a namespace of its own, since tags belong to commits of one history."""
    import secrets

    return f"{lab.registry}/bench-{secrets.token_hex(3)}"
