"""The release document is hostile until it is proved otherwise."""

from __future__ import annotations

import copy
import json
import random
from pathlib import Path
from typing import Any

import pytest

from fairlead.host.wire.admission import require_verdict
from fairlead.host.wire.document import load_release, parse_release
from fairlead.host.wire.errors import InputFault
from fairlead.host.wire.inside import PREFIX
from fairlead.host.wire.reading.tree import is_inside
from fairlead.host.wire.release import Probe, Watch
from fairlead.host.wire.request import parse_deploy_request
from tests.unit.host.samples import document, service


def test_a_good_document_is_read() -> None:
    """Roles and routes are sorted into what lives where."""
    release = parse_release(document())
    assert set(release.rolled) == {"api", "web", "worker"}
    assert {name for name in release.platform if not name.startswith(PREFIX)} == {"caddy", "db"}
    assert set(release.jobs) == {"migrate"}
    assert release.services["web"].digest == "sha256:" + "a" * 64


def test_watch_and_probes_have_defaults() -> None:
    """A document of before they could be set is read as well."""
    release = parse_release(document(probes=[{"path": "/", "status": None}]))
    assert release.watch == Watch(window=5.0, errors=0.05, slow=0.5, requests=20)
    assert release.probes == (Probe("/", None),)
    options = {"watch": {"window": 0, "errors": 1, "slow": 0.25, "requests": 7}}
    probe = {"path": "/a", "status": 204, "body": "well", "headers": {"X-A": "b"}}
    release = parse_release(document(options=options, probes=[probe]))
    assert release.watch == Watch(0.0, 1.0, 0.25, 7)
    assert release.probes == (Probe("/a", 204, "well", {"X-A": "b"}),)


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        (("options", "watch"), {"errors": 5}, "options.watch.errors"),
        (("options", "watch"), {"window": -1}, "options.watch.window"),
        (("options", "watch"), [], "options.watch"),
        (("probes",), [{"path": "/", "headers": {"a b": "c"}}], "headers"),
        (("probes",), [{"path": "/", "body": 7}], "body"),
        (("app",), "../etc", "release.app"),
        (("app",), "Board", "release.app"),
        (("revision",), "HEAD", "release.revision"),
        (("revision_time",), True, "release.revision_time"),
        (("networks", "a/b"), {}, "release.networks"),
        (("networks", "edge"), {"name": "../x"}, "release.networks.edge"),
        (("services", "web", "image"), "ghcr.io/x/web:latest --privileged", "image"),
        (("services", "web", "hash"), "../../x", "hash"),
        (("services", "web", "definition", "networks"), 7, "has `networks`"),
        (("services", "web", "definition", "networks"), ["a", {}], "has `networks`"),
        (("services", "web", "definition", "networks"), {"a": [1]}, "has `networks`"),
        (("services", "web", "definition", "networks"), {"a": {"aliases": 7}}, "has `networks`"),
        (("services", "web", "mounts"), [{"secret": "nobody", "target": "/x"}], "not given"),
        (("services", "web", "mounts"), [{"secret": "a", "file": "b" * 64, "target": "/x"}], "exactly one"),
        (("services", "web", "mounts"), [{"data": "up", "target": "/x"}], "not given"),
        (("services", "web", "mounts"), [{"data": "..", "target": "/x"}], "data"),
        (("services", "web", "mounts"), [{"data": "a/b", "target": "/x"}], "data"),
        (("services", "web", "mounts"), [{"data": "/etc", "target": "/x"}], "data"),
        (("data",), {"..": {}}, "release.data"),
        (("data",), {"../shop/data": {}}, "release.data"),
        (("data",), {"up": {"seed": "c" * 64}}, "begins with a folder"),
        (("services", "web", "definition", "container_name"), "web", "container_name"),
        (("services", "web", "definition", "network_mode"), "service:api", "network_mode"),
        (("services", "we\nb"), {}, "key"),
        (("routes", "db"), 5432, "no rolled service"),
        (("proxy",), {"service": "web"}, "no service of the role proxy"),
        *(
            (("proxy", "h2c"), ports, "no list of ports")
            for ports in ("4317", [0], [True], ["4317"], [65536])
        ),
        (("services", "web", "further"), [8000], "routed one"),
        (("services", "web", "further"), list(range(1, 200)), "no list of ports, or of more than 100"),
        (("services", "web", "further"), [0], "no list of ports"),
        (("services", "db", "further"), [9000], "no rolled service"),
        (("services", "web", "callers"), ["a b"], "callers"),
        (("probes",), [{"path": "no slash"}], "path"),
        (("probes",), [{"path": "/a b"}], "path"),
        (("url",), "https://x\r\ny", "url"),
        (("secrets", ".."), "a" * 64, "key"),
        (("secrets", "x"), "short", "secrets.x"),
        (("files", "nohash"), {"kind": "file"}, "key"),
        (
            ("files", "a" * 64),
            {"kind": "dir", "entries": {"../up": {"sha256": "a" * 64, "mode": "0644"}}},
            "leaves",
        ),
        (("files", "a" * 64), {"kind": "file", "sha256": "a" * 64, "mode": "4755"}, "mode"),
        (("events",), {"url": "https://x", "token_secret": "missing"}, "not given"),
        (("options",), {"keep": 0}, "keep"),
        (("services", "fairlead-resources"), service("ops", "x"), "own"),
        (("services", f"{PREFIX}01234567"), service("ops", "x"), "own"),
        (("services", "db", "definition", "volumes_from"), ["caddy"], "whole folder"),
        (("services", "db", "definition", "volumes_from"), ["api", "caddy:ro"], "whole folder"),
        (("services", "db", "definition", "volumes_from"), f"{PREFIX}01234567:ro", "whole folder"),
    ],
)
def test_each_fault_is_named(path: tuple[str, ...], value: object, told: str) -> None:
    """What is wrong is said with its place, and nothing is guessed."""
    made: dict[str, Any] = copy.deepcopy(document())
    inner = made
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    with pytest.raises(InputFault) as caught:
        parse_release(made)
    assert told in "\n".join(caught.value.details)


def test_all_faults_at_once() -> None:
    """Who has three faults hears of three."""
    with pytest.raises(InputFault) as caught:
        parse_release(document(app="X", revision="y", url="z"))
    assert len(caught.value.details) == 3


def test_another_schema_is_refused_by_name() -> None:
    """A client of another age is told to use the agent that it came with."""
    with pytest.raises(InputFault, match="not one that this agent reads"):
        parse_release({"schema": "fairlead.release/v9"})


@pytest.mark.parametrize(
    "path", ["", "/etc/passwd", "a/../b", "a//b", "./a", "a/.", "a\\b", "a\nb", "a\0b", "x" * 1001]
)
def test_paths_that_leave_their_folder(path: str) -> None:
    """By its text alone a path is inside or it is not."""
    assert not is_inside(path)


def test_random_damage_is_an_input_fault_or_nothing() -> None:
    """However a document is damaged, the answer is a clear refusal, never another exception."""
    chance = random.Random(11)  # noqa: S311 - seeded damage
    odd: list[Any] = [None, True, -1, 1e308, "", "..", "\0", [], {}, [{}], {"": None}, "x" * 5000, [[[]]]]
    text = json.dumps(document())
    for _ in range(1000):
        made = json.loads(text)
        for _ in range(chance.randint(1, 3)):
            _damage(made, chance, odd)
        try:
            parse_release(made)
        except InputFault:
            continue


def _damage(value: Any, chance: random.Random, odd: list[Any]) -> None:
    while isinstance(value, dict) and value:
        key = chance.choice(list(value))
        if not isinstance(value[key], dict) or not value[key] or chance.random() < 0.3:
            value[key] = chance.choice(odd)
            return
        value = value[key]


VERDICT = document()["verdict"]


def test_a_release_with_a_verdict_that_passes_is_taken() -> None:
    require_verdict(parse_release(document()))


@pytest.mark.parametrize(
    ("verdict", "why"),
    [
        (None, "release.verdict is None"),
        ({}, "release.verdict.counts"),
        ({**VERDICT, "passed": False}, "release.verdict.passed is not true"),
        ({**VERDICT, "passed": "yes"}, "release.verdict.passed"),
        ({**VERDICT, "counts": {"error": 1}}, "release.verdict.passed is not true"),
        ({**VERDICT, "counts": {}}, "release.verdict.counts.error"),
        ({**VERDICT, "fingerprint": "x"}, "release.verdict.fingerprint"),
        ({**VERDICT, "at": -1}, "release.verdict.at"),
        ({**VERDICT, "tool": "a\nb"}, "release.verdict.tool"),
    ],
)
def test_a_release_without_a_verdict_that_passes_is_refused(verdict: object, why: str) -> None:
    with pytest.raises(InputFault, match="no verdict") as raised:
        require_verdict(parse_release(document(verdict=verdict)))
    assert any(why in line for line in raised.value.details), raised.value.details


def test_a_request_to_deploy_asks_for_the_verdict() -> None:
    raw = {"task": "t", "release": document(verdict=None)}
    with pytest.raises(InputFault, match="no verdict"):
        parse_deploy_request(raw, Path(), None)


def test_a_bundle_from_before_there_were_verdicts_can_still_be_gone_back_to() -> None:
    made = document()
    del made["verdict"]
    assert load_release(json.dumps(made).encode()).app == "board"


@pytest.mark.parametrize(("name", "key"), [("web", "command"), ("migrate", "command"), ("db", "environment")])
def test_a_service_is_what_its_hash_says(name: str, key: str) -> None:
    """Else another definition is kept, carried over, or its job taken for done, in the place of an honest one."""
    made: dict[str, Any] = copy.deepcopy(document())
    parse_deploy_request({"task": "t", "release": made}, Path(), None)
    made["services"][name]["definition"][key] = ["evil"]
    parse_release(made)
    with pytest.raises(InputFault, match="hash") as caught:
        parse_deploy_request({"task": "t", "release": made}, Path(), None)
    assert any(f"services.{name}.hash" in detail for detail in caught.value.details)


def test_the_value_of_a_secret_is_in_the_hash_of_who_reads_it_but_not_of_a_job() -> None:
    mounts = [{"secret": "pin", "target": "/run/pin"}]
    made: dict[str, Any] = document(secrets={"pin": "a" * 64})
    made["services"]["migrate"] = service("job", "api", mounts=mounts)
    parse_deploy_request({"task": "t", "release": made}, Path(), None)
    made["services"]["worker"] = service("worker", "api", mounts=mounts)
    with pytest.raises(InputFault, match="hash"):
        parse_deploy_request({"task": "t", "release": made}, Path(), None)
