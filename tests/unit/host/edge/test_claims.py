"""Who has a hostname: to look and to take is one step, and each hostname has one spelling."""

from __future__ import annotations

import os
import random
import re
import threading
from pathlib import Path

import pytest

from fairlead.host.disk.paths import app_paths, project_clashes
from fairlead.host.disk.place import Place
from fairlead.host.edge.caddyfile import render_caddyfile
from fairlead.host.edge.claims import Claim, claim_hostnames, drop_claim, holds_any, read_hosts, write_claim
from fairlead.host.wire.document import parse_release
from fairlead.host.wire.errors import InputFault
from tests.unit.host.samples import document, image, service

COUNT = int(os.environ.get("FAIRLEAD_FUZZ", "2000"))
pytestmark = pytest.mark.timeout(7200 if COUNT > 10_000 else 300)
SEED = os.environ.get("FAIRLEAD_FUZZ_SEED", "1")
ROUNDS = 50
PARTS = [
    "board",
    "example",
    "com",
    "BOARD",
    "b\u00fccher",
    "\u0131",
    "xn--bcher-kva",
    "a" * 63,
    "a" * 64,
    "1",
    "-",
    "_",
]
MARKS = list(".....-*?[]{}\\/%:@#$ \t\n\r\0\u3002\uff0e\u00ad~!'\"<>|&;`")
NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*")


def hostile_hostnames(count: int) -> list[str]:
    """Hostnames, and what somebody would have taken for one."""
    draw = random.Random(SEED)  # noqa: S311 - hostile input, not a secret
    names = [
        "",
        ".",
        "..",
        "../apps/shop",
        "*.example.com",
        "board.example.com.",
        "board.example.com\n",
        "a." * 130,
    ]
    while len(names) < count:
        parts = [draw.choice(PARTS if draw.random() < 0.6 else MARKS) for _ in range(draw.randint(1, 7))]
        names.append(draw.choice(["", ".", "."]).join(parts))
    return names


def claim(app: str, *hostnames: str) -> Claim:
    return Claim(app, frozenset(hostnames), "https", f"0123-{app}.internal", 80)


def test_of_many_who_take_a_hostname_at_once_one_has_it(tmp_path: Path) -> None:
    """They all saw it free: the others are refused, and keep nothing of what they took on the way."""
    apps = [f"app-{number}" for number in range(6)]
    for number in range(ROUNDS):
        place = Place(tmp_path / str(number))
        gate = threading.Barrier(len(apps))
        refused: list[str] = []

        def take(
            app: str, place: Place = place, gate: threading.Barrier = gate, refused: list[str] = refused
        ) -> None:
            gate.wait()
            try:
                claim_hostnames(place, app, [f"{app}.example.com", "wanted.example.com"])
            except InputFault:
                refused.append(app)

        threads = [threading.Thread(target=take, args=(app,)) for app in apps]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        (winner,) = set(apps) - set(refused)
        assert read_hosts(place) == {f"{winner}.example.com": winner, "wanted.example.com": winner}


def test_a_claim_that_is_refused_takes_nothing_from_anybody(tmp_path: Path) -> None:
    """Not from who has the hostname, and what the refused app had, it has still."""
    place = Place(tmp_path)
    write_claim(place, claim("board", "a.example.com"))
    write_claim(place, claim("shop", "shop.example.com"))
    with pytest.raises(InputFault, match=r"a\.example\.com is served by the app «board»"):
        write_claim(place, claim("shop", "0.example.com", "a.example.com"))
    assert read_hosts(place) == {"a.example.com": "board", "shop.example.com": "shop"}
    assert [entry.name for entry in (place.apps / "shop").iterdir()] == [claim("shop").upstream]


def test_a_hostname_that_is_taken_and_not_served_is_given_back(tmp_path: Path) -> None:
    place = Place(tmp_path)
    claim_hostnames(place, "board", ["a.example.com"])
    assert holds_any(place, "board")
    assert not list((place.hosts / "a.example.com").glob("*")), "nobody is sent anywhere"
    drop_claim(place, "board")
    assert not holds_any(place, "board")


def test_no_spelling_is_taken_twice_and_none_leads_out_of_the_folder(tmp_path: Path) -> None:
    """What the agent takes is in lower case, without a dot at its end, one name in one folder."""
    place = Place(tmp_path)
    place.hosts.mkdir(parents=True)
    made = document()
    made["services"]["caddy"] = service("proxy", "caddy")
    del made["services"]["migrate"]
    taken = set()
    for number, name in enumerate(hostile_hostnames(COUNT)):
        made["edge"] = {"hostnames": [name], "scheme": "https", "port": 80, "image": image("edge")}
        try:
            parse_release(made)
        except InputFault:
            assert not (len(name) <= 253 and NAME.fullmatch(name)), (SEED, number, name)
            continue
        assert name == name.lower().rstrip(".").encode("ascii").decode(), (SEED, number, name)
        assert (place.hosts / name).parent == place.hosts
        assert name not in (".", "..")
        taken.add(name)
    assert taken, "some are good"


def test_what_the_edge_looks_up_is_a_name_and_no_pattern() -> None:
    """Its matchers let through what a claim may be called, and nothing that a glob or a path could make of it."""
    text = render_caddyfile()
    found = set(re.findall(r"(?:header_regexp Host|vars_regexp \{query\.domain\}) (\S+)", text)) - {
        "[A-Z]|[.](:[0-9]*)?$"
    }
    patterns = [re.compile(one.replace("$", r"\Z")) for one in sorted(found)]
    assert len(patterns) == 2
    assert text.count("try_files") == sum(text.count(f" {one}\n") for one in found), (
        "each is behind such a matcher"
    )
    for name in hostile_hostnames(COUNT):
        for pattern in patterns:
            if NAME.fullmatch(name):
                assert pattern.search(name), name
            if pattern.search(name):
                assert not set(name) & set("*?[]{}\\/%\n\r\0"), name


@pytest.mark.parametrize(
    ("app", "others", "clashes"),
    [
        ("board", ["shop", "board-2", "board-pr-12"], []),
        ("board", ["board-000042"], ["board-000042"]),
        ("board-000042", ["board"], ["board"]),
        ("board-proxy-0123456789ab", ["board"], ["board"]),
        ("board-pr-123456", ["board"], []),
    ],
)
def test_two_apps_whose_projects_would_be_called_alike(
    tmp_path: Path, app: str, others: list[str], clashes: list[str]
) -> None:
    for name in (app, *others):
        app_paths(tmp_path, name).home.mkdir()
    assert project_clashes(tmp_path, app) == clashes
