"""TLS in front of the switch: HTTP/2 to an app that holds its ports itself, and everything behind the edge of the host.

Behind the edge a round is a deploy, a proxy that is replaced (its Caddyfile differs), a rollback, or a second app
that comes or goes. ``ROUNDS`` tells how many there are of each half.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace

from bench.measure import Row
from bench.rounds import expect, median, rewrite, save
from bench.streams import Ground, Outcome, Round, count_rounds, take_ground, timed, under_load
from lab.load.plan import Part, Protocol, Target

_ROUNDS = 5
_NAME = "streams.lab.test"
# Handshakes, and a second proxy on the way: less than the switch alone is given, on the same two cores.
_PARTS = (
    Part(Protocol.H2, rate=60, clients=16),
    Part(Protocol.H1, rate=40, clients=16),
    Part(Protocol.POST, rate=20, clients=8, size=4096),
    Part(Protocol.WS, clients=4),
    Part(Protocol.SSE, clients=4),
    Part(Protocol.UPLOAD, clients=1, size=100_000, span=6),
    Part(Protocol.DOWNLOAD, clients=1, size=100_000, span=6),
)
_REQUESTS = (Protocol.H1, Protocol.H2, Protocol.POST, Protocol.UPLOAD, Protocol.DOWNLOAD)
_KINDS = ("proxy", "deploy", "comes", "goes", "rollback")


def measure() -> list[Row]:
    """Rows for lost requests, and for the time that it takes to replace a proxy."""
    ground = take_ground("edge")
    count = count_rounds(_ROUNDS)
    _set_address(ground, f"https://{ground.server.address}")
    ground.git("commit", "--quiet", "--all", "--message", "by TLS")
    ground.fairlead("ship")
    kinds = ["rollback" if turn % 3 == 2 else "deploy" for turn in range(count)]
    own = _measure(ground, kinds, ground.server.address)
    save("tls", own)
    _set_address(ground, f"https://{_NAME}", edge=True)
    ground.fairlead("deploy")
    edge = _measure(ground, [_KINDS[turn % len(_KINDS)] for turn in range(count)], _NAME)
    save("edge", edge)
    return [_lost("lost over HTTP/2 and HTTP/1.1 with TLS", own), *_edge_rows(edge)]


def _measure(ground: Ground, kinds: list[str], name: str) -> Outcome:
    target = Target(True, ground.server.address, 443, name)
    rounds = [_round(ground, kind, turn) for turn, kind in enumerate(kinds)]
    return under_load(ground, rounds, _PARTS, target)


def _round(ground: Ground, kind: str, turn: int) -> Callable[[], Round]:
    other = replace(ground, root=ground.root.with_name("edge-other"))

    def happen() -> Round:
        if kind == "deploy":
            rewrite(ground.root / "fairlead.yaml", f"{{RELEASE: e{turn}}}")
        elif kind == "proxy":
            _set_address(ground, f"https://{_NAME}", edge=True, hostname=f"www{turn}.lab.test")
        elif kind == "comes":
            _make_other(ground, other)
        where = other if kind in ("comes", "goes") else ground
        words = {"goes": ("remove", "--yes", "--volumes"), "rollback": ("rollback",)}.get(kind, ("deploy",))
        return expect(0, timed(kind, lambda: where.fairlead("--json", *words, check=False)))

    return happen


def _set_address(ground: Ground, url: str, *, edge: bool = False, hostname: str = "") -> None:
    """Give the environment a public address; behind the edge, perhaps under a second name."""
    file = ground.root / "fairlead.yaml"
    kept = [
        line
        for line in file.read_text().splitlines()
        if not line.lstrip().startswith(("edge:", "hostnames:"))
    ]
    place = next(number for number, line in enumerate(kept) if line.startswith("    url:"))
    kept[place : place + 1] = [
        f"    url: {url}",
        *(["    edge: true"] if edge else []),
        *([f"    hostnames: [{hostname}]"] if hostname else []),
    ]
    file.write_text("\n".join(kept) + "\n")


def _make_other(ground: Ground, other: Ground) -> None:
    """A second app of the same images, for the same host."""
    shutil.rmtree(other.root, ignore_errors=True)
    shutil.copytree(ground.root, other.root)
    for name, old, new in (
        ("fairlead.yaml", "app: streams", "app: other"),
        ("compose.yaml", "name: streams", "name: other"),
    ):
        file = other.root / name
        file.write_text(file.read_text().replace(old, new))
    _set_address(other, "https://other.lab.test", edge=True)


def _lost(what: str, outcome: Outcome) -> Row:
    count = f"{len(outcome.rounds)} rounds, {outcome.tally().requests} requests"
    return Row(f"{what}, {count}", str(outcome.lost), "-", "-", "0", outcome.lost == 0)


def _edge_rows(edge: Outcome) -> list[Row]:
    """Streams apart: one that goes through a proxy which is replaced has no application to end it."""
    assert edge.report is not None
    requests = edge.report.tally(protocols=_REQUESTS)
    lost = requests.failed
    told = f"{len(edge.rounds)} rounds, {requests.requests} requests"
    parts = [part for part in edge.report.document["parts"] if part["streams"]]
    opened, cut = (sum(part["streams"][key] for part in parts) for key in ("opened", "cut"))
    return [
        Row(
            f"lost behind the edge: deploys, a proxy replaced, an app that comes and goes, {told}",
            str(lost),
            "-",
            "-",
            "0",
            lost == 0,
        ),
        Row(f"of {opened} streams cut, by the proxy that was replaced", str(cut), "-", "-", "-", held=True),
        Row(
            "a deploy that replaces the proxy, under load",
            f"{median(edge, 'proxy'):.1f} s",
            "-",
            "-",
            "-",
            held=True,
        ),
    ]
