from __future__ import annotations

import json

import pytest

from fairlead.errors import InputError
from lab.load.connect import connect_to
from lab.load.plan import Part, Plan, Protocol, Target, parse_plan, parse_target, shares


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "http://10.0.0.1/",
        "http://128.0.0.1/",
        "http://126.255.255.255/",
        "http://0.0.0.0/",
        "http://[::1]/",
        "http://127.0.0.1.example.com/",
        "http://127.1/",
        "http://2130706433/",
        "http://user@10.0.0.1/",
        "http://127.0.0.1@10.0.0.1/",
        "http://localhost.example.com/",
    ],
)
def test_any_address_that_is_not_loopback_is_refused(url: str) -> None:
    with pytest.raises(InputError, match=r"127\.0\.0\.0/8") as refused:
        parse_target(url)
    assert "lab" in refused.value.fix


@pytest.mark.parametrize(
    "url", ["ftp://127.0.0.1/", "127.0.0.1", "", "http://127.0.0.1:port/", "http://[::1/"]
)
def test_what_is_no_url_is_refused(url: str) -> None:
    with pytest.raises(InputError):
        parse_target(url)


def test_a_target_made_by_hand_is_refused_as_well() -> None:
    with pytest.raises(InputError):
        connect_to(Target(secure=False, address="192.0.2.1", port=80, name="x"))


def test_a_url_says_where_and_what() -> None:
    assert parse_target("http://127.0.0.2") == (Target(False, "127.0.0.2", 80, "127.0.0.2"), "/")
    assert parse_target("https://localhost:8443/a?b=c", name="board.test") == (
        Target(True, "127.0.0.1", 8443, "board.test"),
        "/a?b=c",
    )


def test_the_host_asked_for_carries_a_port_only_where_it_is_not_the_usual_one() -> None:
    assert parse_target("https://127.0.0.2", name="a.test")[0].authority == "a.test"
    assert parse_target("https://127.0.0.2:80", name="a.test")[0].authority == "a.test:80"


def plan(*parts: Part) -> Plan:
    return Plan(Target(False, "127.0.0.2", 80, "127.0.0.2"), parts, seconds=3)


def test_a_plan_is_read_back_as_it_was_written() -> None:
    one = plan(Part(Protocol.H1, rate=20), Part(Protocol.WS, clients=3))
    assert parse_plan(json.loads(json.dumps(one.to_json()))) == one


def test_workers_share_clients_and_rate() -> None:
    one = plan(Part(Protocol.H1, clients=5, rate=100), Part(Protocol.WS, clients=1))
    dealt = shares(one, 2)
    assert [[(part.clients, part.rate) for part in worker.parts] for worker in dealt] == [
        [(3, 60), (1, 0)],
        [(2, 40), (0, 0)],
    ]


def test_a_path_follows_from_the_protocol_unless_it_is_given() -> None:
    assert Part(Protocol.DOWNLOAD, size=10, span=2.5).asked_path == "/download?bytes=10&seconds=2.5"
    assert Part(Protocol.WS, "/chat").asked_path == "/chat"
